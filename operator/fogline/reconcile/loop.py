"""The loop that takes models that were woken, decides, and writes."""

import asyncio
import logging
from collections.abc import Collection
from functools import partial
from typing import NoReturn

from fogline.api import ModelDeployment, ModelDeploymentStatus, history_of
from fogline.context import Context
from fogline.errors import ApiError, BadInputError
from fogline.mistakes import Mistake, Part
from fogline.names import ModelKey
from fogline.observe import model_key
from fogline.passes import Pass, Passes
from fogline.reconcile.decisions import Decisions
from fogline.reconcile.intent import Intent
from fogline.reconcile.status import mistaken_status, unreadable_status
from fogline.reconcile.writer import Writer
from fogline.wakeups import WakeUps

AT_ONCE = 8
"""Models that are written at the same time."""
DECIDED_AT_ONCE = 20
"""Models that are decided before other work goes on."""
PAUSE_SECONDS = 1.0
"""Between passes of one model. While its pods come up it would change every few milliseconds, and each status
costs the API server as much as a pod does."""
RETRY_SECONDS = 2.0
"""After an error of the API server the model is passed again."""

logger = logging.getLogger(__name__)


class Reconciler:
    """Passes over every model that was woken. Level-based: why it was woken plays no part."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._writer = Writer(
            context.client, context.view, context.recorder, context.settings.clearance_seconds
        )
        self._decisions = Decisions(context)
        self._unreadable: dict[ModelKey, str] = {}
        self._counted: dict[ModelKey, frozenset[str]] = {}
        """Ids of the moves that were last told of and are in the metrics."""
        self._undecided = 0
        """Models that were taken from `wakeups` and have their turn yet to come."""
        self.wakeups = WakeUps()
        self._writes = Passes(self.wakeups, AT_ONCE, PAUSE_SECONDS)

    @property
    def waiting(self) -> int:
        """How many models wait for a pass."""
        return len(self.wakeups) + self._writes.postponed + self._undecided

    async def run(self) -> NoReturn:
        """Pass for ever. Errors of the API server are retried; mistakes of ours stop their model.

        Models that are woken together are decided in turn, a few at a time: other work goes on in between,
        above all the renewal of the Lease. Each is written on its own, so that one whose writes are slow
        holds up no other; while it is written it is not decided anew.
        """
        await self._begin()
        async with asyncio.TaskGroup() as group:
            while True:
                keys = await self.wakeups.take(self._context.settings.batch_milliseconds / 1000)
                await self._context.duty.permitted()
                self._context.metrics.models.set(len(self._context.models))
                left = self._decisions.in_turn(self._writes.free(keys))
                while left:
                    some, left = left[:DECIDED_AT_ONCE], left[DECIDED_AT_ONCE:]
                    self._undecided = len(left)
                    for key, write in self._due(some, left).items():
                        self._writes.start(group, key, write)
                    await asyncio.sleep(0)
                    await self._context.duty.permitted()

    async def _begin(self) -> None:
        while True:
            try:
                return await self._writer.begin()
            except ApiError as error:
                logger.warning("objects not listed, trying again", extra={"error": str(error)})
                await asyncio.sleep(RETRY_SECONDS)

    def _due(self, keys: Collection[ModelKey], later: Collection[ModelKey]) -> dict[ModelKey, Pass]:
        """Decide on models before others have their turn; returns what is to be written of each."""
        models, mistakes = self._context.models, self._context.mistakes
        due: dict[ModelKey, Pass] = {
            model_key(intent.model): partial(self._write, intent)
            for intent in self._decisions.on(keys, later)
        }
        for key in keys:
            match models.get(key):
                case BadInputError() as error:
                    due[key] = partial(self._tell_unreadable, key, error)
                case ModelDeployment() as model:
                    self._unreadable.pop(key, None)
                    if key not in due and (mistake := mistakes.of(key).get(Part.RECONCILE)):
                        due[key] = partial(self._tell_mistake, model, mistake)
                case None:
                    self._forget(key)
        return due

    def _forget(self, key: ModelKey) -> None:
        self._decisions.forget(key)
        self._writer.forget(key)
        self._unreadable.pop(key, None)
        self._counted.pop(key, None)

    async def _write(self, intent: Intent) -> float | None:
        """Write what a pass decided; returns the seconds after which the model should be passed again."""
        key, mistakes = model_key(intent.model), self._context.mistakes
        seconds: float | None = None
        with mistakes.apart(key, Part.WRITE):
            seconds = await self._try_to_write(intent)
        mistake = mistakes.of(key).get(Part.WRITE)
        return await self._tell_mistake(intent.model, mistake) if mistake else seconds

    async def _try_to_write(self, intent: Intent) -> float | None:
        key = model_key(intent.model)
        try:
            with self._context.metrics.passes.time():
                refusal = await self._writer.carry_out(intent)
        except ApiError as error:
            if self._context.models.get(key) is None:
                return None
            self._context.metrics.failures.inc()
            logger.warning("pass failed, trying again", extra={"model": str(key), "error": str(error)})
            return RETRY_SECONDS
        self._count_moves(intent)
        return 0.0 if self._decisions.refused(key, refusal) else intent.again_seconds

    def _count_moves(self, intent: Intent) -> None:
        """Count the moves that the status tells the end of for the first time; what we see may be behind."""
        key, before = model_key(intent.model), intent.model.status
        told = {one.id: one for one in history_of(intent.status)}
        known = {one.id for one in history_of(before)} | self._counted.get(key, frozenset())
        self._counted[key] = frozenset(told)
        self._context.metrics.moves_ended(one for id_, one in told.items() if id_ not in known)

    async def _tell_unreadable(self, key: ModelKey, error: BadInputError) -> float | None:
        if self._unreadable.get(key) == str(error):
            return None
        status = unreadable_status(error, self._context.clock())
        self._context.metrics.fleet.judge(key, status.conditions)
        seconds = await self._write_status(key, status, None, None)
        if seconds is None:
            self._unreadable[key] = str(error)
        return seconds

    async def _tell_mistake(self, model: ModelDeployment, mistake: Mistake) -> float | None:
        status = mistaken_status(model, mistake, self._context.clock())
        self._context.metrics.fleet.judge(model_key(model), status.conditions)
        return await self._write_status(model_key(model), status, model.status, model.metadata.uid)

    async def _write_status(
        self,
        key: ModelKey,
        status: ModelDeploymentStatus,
        before: ModelDeploymentStatus | None,
        uid: str | None,
    ) -> float | None:
        """Write nothing but a status; returns the seconds after which to try again, None if it is written."""
        try:
            await self._writer.write_status(key, status, before, uid)
        except ApiError as refused:
            logger.warning("status not written", extra={"model": str(key), "error": str(refused)})
            return RETRY_SECONDS
        return None
