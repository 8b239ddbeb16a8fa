"""The loop that takes trainings that were woken, decides, and writes."""

import asyncio
import logging
from collections.abc import Iterable
from functools import partial
from typing import NoReturn

from fogline.api import ModelDeployment, ModelTraining
from fogline.cluster import objects
from fogline.conditions import Reason, TrainingConditionType
from fogline.context import Context
from fogline.errors import ApiError, BadInputError
from fogline.mistakes import Mistakes, Part
from fogline.names import ModelKey
from fogline.objects import Step
from fogline.observe import Models
from fogline.passes import Passes
from fogline.reconcile.verdicts import say_mistake
from fogline.runs.asking import ask
from fogline.runs.mirrors import Mirrors
from fogline.runs.reading import training_of
from fogline.runs.tally import Tally
from fogline.runs.writer import RunWriter
from fogline.training import Progress, Refusal, Seen, intend
from fogline.wakeups import WakeUps

AT_ONCE = 8
"""Trainings that are passed at the same time, and trainings whose workers are asked at the same time."""
ASK_SECONDS = 5.0
"""Workers are asked this often how far they are."""
RETRY_SECONDS = 2.0
"""After an error of the API server a training is passed again."""
REFUSED_SECONDS = 10.0
"""What was refused is tried again after so long; something that nobody tells us of may have changed."""
COLLECT_SECONDS = 0.1
LOOK_SECONDS = 0.5

logger = logging.getLogger(__name__)


class RunKeeper:
    """Carries out the runs of trainings. Level-based: why a training was woken plays no part."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.wakeups = WakeUps()
        self._passes = Passes(self.wakeups, AT_ONCE)
        self._questions = asyncio.Semaphore(AT_ONCE)
        self._mirrors = Mirrors(context.client, context.settings, self.wakeups.wake)
        self._writer = RunWriter(context.client, context.recorder)
        self._refusals: dict[ModelKey, Refusal] = {}
        self._progress: dict[ModelKey, dict[int, Progress]] = {}
        self._targets: dict[ModelKey, ModelKey] = {}
        """By training: the ModelDeployment that gets its versions."""
        self._tally = Tally(context.metrics)
        self._mistakes = Mistakes(Models(), lambda _: None, context.metrics.mistake)

    def wake_for(self, models: Iterable[ModelKey]) -> None:
        """Ask for a pass over the trainings whose versions these ModelDeployments get."""
        changed = set(models)
        self.wakeups.wake([training for training, model in self._targets.items() if model in changed])

    def wake_all(self) -> None:
        """Ask for a pass over all trainings."""
        self.wakeups.wake(list(self._mirrors))

    async def run(self) -> NoReturn:
        """Go on for ever. Errors of the API server are retried; mistakes of ours stop their training.

        Each training is passed on its own, so that one whose writes are slow holds up no other. The operator
        decides on models whether or not this can see trainings: a cluster whose CRDs are older has none.
        """
        async with asyncio.TaskGroup() as group:
            for source in self._mirrors.sources:
                group.create_task(source.run())
            group.create_task(self._ask_for_ever())
            while True:
                woken = await self.wakeups.take(COLLECT_SECONDS)
                for key in sorted(self._passes.free(woken)):
                    self._passes.start(group, key, partial(self._pass, key))

    async def _permitted(self) -> None:
        await self._context.duty.permitted()
        while self._mirrors.trouble(self._context.settings.stale_seconds):  # noqa: ASYNC110  silence is no event
            await asyncio.sleep(LOOK_SECONDS)

    async def _pass(self, key: ModelKey) -> float | None:
        """Decide and write; return when to look again although nothing may have happened."""
        await self._permitted()
        live = self._mirrors.training(key)
        if live is None or live.metadata.deletion_timestamp or not self._context.models.takes(key.namespace):
            self._forget(key)
            return None
        seconds: float | None = None
        with self._mistakes.apart(key, Part.RUN):
            seconds = await self._try(key, live)
        mistake = self._mistakes.of(key).get(Part.RUN)
        if mistake is None:
            return seconds
        return await self._tell_doubt(key, live, Reason.INTERNAL_ERROR, say_mistake(mistake))

    async def _try(self, key: ModelKey, live: objects.ModelTraining) -> float | None:
        try:
            return await self._decide(key, training_of(live))
        except BadInputError as error:
            return await self._tell_doubt(key, live, Reason.INVALID, f"{error}; nothing is changed")
        except ApiError as error:
            extra = {"training": str(key), "error": str(error)}
            logger.warning("training not written, trying again", extra=extra)
            return RETRY_SECONDS

    async def _decide(self, key: ModelKey, training: ModelTraining) -> float | None:
        now, target = self._context.clock(), training.spec.publish.model_deployment
        model = None
        if target is not None:
            self._targets[key] = ModelKey(key.namespace, target.name)
            found = self._context.models.get(self._targets[key])
            model = found if isinstance(found, ModelDeployment) else None
        seen = Seen(
            self._mirrors.jobs(key, training.metadata.uid or ""),
            self._mirrors.pods(key),
            self._progress.get(key, {}),
            model,
            self._context.guard.gap(training),
            self._mirrors.engine_gap(),
        )
        intent = intend(training, seen, self._refusals.get(key), self._context.settings, now)
        run = training.status.run if training.status else None
        self._tally.take(key, intent.verdicts[TrainingConditionType.COMPLETE].reason, run)
        refusal = await self._writer.write(intent, now)
        if refusal is None:
            self._refusals.pop(key, None)
            return intent.again_seconds
        is_news = self._refusals.get(key) != refusal
        self._refusals[key] = refusal
        return 0.0 if is_news else REFUSED_SECONDS

    async def _tell_doubt(
        self, key: ModelKey, live: objects.ModelTraining, reason: Reason, why: str
    ) -> float | None:
        self._tally.take(key, reason)
        try:
            await self._writer.write_doubt(live, reason, why, self._context.clock())
        except ApiError as error:
            extra = {"training": str(key), "error": str(error)}
            logger.warning("training not written, trying again", extra=extra)
            return RETRY_SECONDS
        return None

    def _forget(self, key: ModelKey) -> None:
        self._mistakes.forget(key)
        self._tally.forget(key)
        for known in (self._refusals, self._progress, self._targets):
            known.pop(key, None)

    async def _ask_for_ever(self) -> NoReturn:
        while True:
            await asyncio.sleep(ASK_SECONDS)
            await asyncio.gather(*map(self._ask, list(self._mirrors)))

    async def _ask(self, key: ModelKey) -> None:
        """Ask the workers of a run, if there are any, how far they are."""
        live = self._mirrors.training(key)
        if live is None:
            return
        training = {one.uid for one in self._mirrors.jobs(key, live.metadata.uid) if one.step is Step.TRAIN}
        workers = [
            pod for pod in self._mirrors.pods(key) if pod.job in training and pod.address and not pod.is_over
        ]
        said: dict[int, Progress] = {}
        if workers:
            async with self._questions:
                said = await ask({pod.index: pod.address for pod in workers})
        if self._mirrors.training(key) is None:
            return
        self._tally.at_work(key, said.values())
        if said and said != self._progress.get(key):
            self._progress[key] = said
            self.wakeups.wake([key])
