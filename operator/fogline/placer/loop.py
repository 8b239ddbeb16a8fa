"""The loop that collects gated pods, decides them together, and writes the pins."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from typing import NoReturn

from fogline.api import ModelDeployment
from fogline.cluster.kinds import PODS
from fogline.cluster.limiter import Lane
from fogline.context import Context
from fogline.errors import ApiError, ChangedMeanwhileError, ConflictError, NotFoundError
from fogline.mistakes import Part
from fogline.names import GATE, ModelKey
from fogline.objects import open_gate, pin
from fogline.observe import assumed_pod, model_key, owned
from fogline.placement import demand_of, turn
from fogline.placement.explain import say_unplaceable
from fogline.placer.choose import Choice, Open, Pin, Wait
from fogline.placer.gated import decide_gated, held_pods, role_of
from fogline.rollout import seconds_to_opening
from fogline.snapshot import Replica
from fogline.wakeups import WakeUps

AT_ONCE = 50
"""Patches in flight; more only make each of them slower."""
RETRY_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Placer:
    """Lets gated pods go, as soon as there is a node for them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.wakeups = WakeUps()
        self._openings: dict[ModelKey, float] = {}

    async def run(self) -> NoReturn:
        """Place for ever. Errors of the API server are retried; mistakes of ours stop their model."""
        async with asyncio.TaskGroup() as later:
            while True:
                keys = await self.wakeups.take(self._context.settings.batch_milliseconds / 1000)
                await self._context.duty.permitted()
                for model, choice in self.choices(keys):
                    later.create_task(self._carry_out(model, choice))
                for key, seconds in self.openings().items():
                    later.create_task(self.wakeups.wake_later(key, seconds))

    def choices(self, keys: Iterable[ModelKey]) -> list[tuple[ModelDeployment, Choice]]:
        """Decide the gated pods of models, and count what was decided from now on.

        A model that a mistake of ours happens with is left out.
        """
        decided = self._context.mistakes.each(list(keys), Part.PLACE, self._decide)
        for _, choice in decided:
            if isinstance(choice, Pin):
                replica, place = choice.replica, choice.place
                pod = assumed_pod(replica, place.node, place.client_site)
                self._context.view.assume(replica, pod, role_of(place))
        return decided

    def openings(self) -> dict[ModelKey, float]:
        """Give, once, for how many seconds edge replicas of models wait for a window."""
        found, self._openings = self._openings, {}
        return found

    def _decide(self, keys: Sequence[ModelKey]) -> list[tuple[ModelDeployment, Choice]]:
        """Decide all of them against one snapshot."""
        waiting = [(model, gated) for key in keys for model, gated in self._waiting(key)]
        if not waiting:
            return []
        usage = self._context.view.usage(model_key(model) for model, _ in waiting)
        now = self._context.clock()
        decided: list[tuple[ModelDeployment, Choice]] = []
        for model, gated in sorted(waiting, key=lambda pair: turn(demand_of(pair[0]))):
            refused = self._context.view.is_refused_everywhere(model_key(model))
            seen = owned(self._context.view, model)
            held = held_pods(model, seen, now)
            if held and (seconds := seconds_to_opening(model.spec.rollout, now)):
                self._openings[model_key(model)] = seconds
            free = [replica for replica in gated if replica.uid not in held]
            choices = decide_gated(model, free, seen, usage, now, refused=refused)
            decided += [(model, choice) for choice in choices]
        return decided

    def _waiting(self, key: ModelKey) -> list[tuple[ModelDeployment, list[Replica]]]:
        model = self._context.models.get(key)
        if not isinstance(model, ModelDeployment) or model.spec.suspend or self._context.guard.gap(model):
            return []
        gated = [
            replica for replica in self._context.view.replicas(key) if replica.alive and GATE in replica.gates
        ]
        return [(model, gated)] if gated else []

    async def _carry_out(self, model: ModelDeployment, choice: Choice) -> None:
        with self._context.mistakes.apart(model_key(model), Part.PIN):
            await self._try_to_carry_out(model, choice)

    async def _try_to_carry_out(self, model: ModelDeployment, choice: Choice) -> None:
        replica = choice.replica
        try:
            match choice:
                case Pin(place=place):
                    since = self._context.view.gated_since(replica)
                    await self._patch(replica, pin(replica, place))
                    self._context.metrics.decisions.labels("pinned").inc()
                    if since is not None:
                        self._context.metrics.gate_to_pin.observe(time.monotonic() - since)
                    await self._tell_stand_in(model, choice)
                case Open(answer=answer):
                    await self._patch(replica, open_gate(replica, self._context.clock()))
                    self._context.metrics.decisions.labels("opened").inc()
                    why = say_unplaceable(answer) if answer else "it refused what we chose again and again"
                    await self._context.recorder.opened_without_pin(model, replica.name, why)
                case Wait(answer=answer, elsewhere=False):
                    self._context.metrics.decisions.labels("waiting").inc()
                    for refused in answer.refused:
                        self._context.metrics.rejections.labels(refused.reason.value).inc(refused.nodes)
                    await self._context.recorder.unplaceable(model, say_unplaceable(answer))
        except (ChangedMeanwhileError, ConflictError):
            self._context.view.refute(replica)
            self.wakeups.wake([replica.model])
        except NotFoundError:
            self._context.view.refute(replica)
        except ApiError as error:
            self._context.view.refute(replica)
            logger.warning("pin failed, trying again", extra={"pod": replica.name, "error": str(error)})
            await asyncio.sleep(RETRY_SECONDS)
            self.wakeups.wake([replica.model])

    async def _tell_stand_in(self, model: ModelDeployment, pin: Pin) -> None:
        for original in self._context.view.replicas(pin.replica.model):
            if original.uid == pin.place.stands_in_for:
                await self._context.recorder.stand_in_placed(
                    model, pin.replica.name, pin.place.node, original
                )

    async def _patch(self, replica: Replica, patch: list[dict[str, object]]) -> None:
        async with self._turns:
            await self._context.client.json_patch(
                PODS, replica.namespace, replica.name, patch, lane=Lane.DECISION
            )
