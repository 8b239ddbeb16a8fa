"""The loop that looks for moves, and starts those that are allowed."""

import asyncio
import logging
import secrets
import time
from collections.abc import Collection, Generator, Iterable, Mapping
from datetime import datetime
from typing import NoReturn

from fogline.api import ModelDeployment
from fogline.cluster.kinds import PODS
from fogline.cluster.limiter import Lane
from fogline.conditions import Reason
from fogline.context import Context
from fogline.disruption import Bundle, Held, Proposal, Purse, Running, Standing, crowded_out, longest_stay
from fogline.errors import ApiError
from fogline.mistakes import Part
from fogline.mover.rebalance import Rebalance, Scene, rebalance
from fogline.names import ModelKey
from fogline.objects import mark_victim
from fogline.observe import model_key, owned
from fogline.placement import Assignment, Usage, demand_of, overloads
from fogline.snapshot import Replica
from fogline.wakeups import WakeUps

COLLECT_SECONDS = 0.5
"""Changes are collected for this long, and for as long as the last rebalance took: a drain or a storm is then
one rebalance, and half of the time is left for other work."""
SLICE_SECONDS = 0.02
"""A rebalance lets other work go on after this long."""
RETRY_SECONDS = 2.0
UNSEEN_SECONDS = 30.0
"""A move that was started and cannot be seen after this long is over."""

logger = logging.getLogger(__name__)


class Mover:
    """Marks the replicas that should move."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._marked: dict[str, tuple[Proposal, float]] = {}
        """Moves that were started and cannot be seen yet, and when, by uid of the victim."""
        self._alarms: dict[ModelKey, asyncio.TimerHandle] = {}
        """When a model is looked at again although nothing may have happened."""
        self._planned: dict[ModelKey, frozenset[tuple[str, str]]] = {}
        """Moves that a user was told of who wants to be told only."""
        self.bundles: tuple[Bundle, ...] = ()
        """Moves that save only together and are not over."""
        self.wakeups = WakeUps()

    async def run(self) -> NoReturn:
        """Look for moves for ever. API errors are retried; a mistake of ours stops its model."""
        took = 0.0
        async with asyncio.TaskGroup() as later:
            while True:
                keys = await self.wakeups.take(COLLECT_SECONDS + took)
                await self._context.duty.permitted()
                keys |= {model for bundle in self.bundles for model in bundle.models}
                began = time.monotonic()
                outcome = await self._rebalance(keys)
                took = time.monotonic() - began
                for key in keys:
                    held = outcome.held.get(key, ())
                    self._tell(key, held)
                    if news := self._new_plans(key, held):
                        later.create_task(self._announce(key, news))
                self._measure()
                for proposal in outcome.start:
                    if proposal.replica.uid not in self._marked:
                        self._marked[proposal.replica.uid] = proposal, time.monotonic()
                        later.create_task(self._start(proposal))

    def look(self, keys: Iterable[ModelKey]) -> Generator[None, None, Rebalance]:
        """Begin a rebalance of some models against what is seen now; it pauses after each model.

        A model that a mistake of ours happens with is left out.
        """
        models, mistakes = list(keys), self._context.mistakes
        try:
            outcome = yield from self._look(models)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  told below, by model
            return (yield from self._look_apart(models))
        mistakes.over(models, Part.MOVE)
        return outcome

    def _look(self, keys: Iterable[ModelKey]) -> Generator[None, None, Rebalance]:
        return (yield from rebalance(self._scene(keys), self._purse()))

    def _look_apart(self, keys: Iterable[ModelKey]) -> Generator[None, None, Rebalance]:
        """Find out whom the mistake happens with, and rebalance the others together: they share budgets."""
        mistakes, good = self._context.mistakes, []
        for key in keys:
            with mistakes.apart(key, Part.MOVE):
                yield from self._look([key])
                good.append(key)
        try:
            return (yield from self._look(good))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  that nobody foresaw it is the point
            mistakes.of_several(Part.MOVE, error)
            return Rebalance((), {key: self._context.outlook.of(key) for key in good})

    @property
    def is_busy(self) -> bool:
        """Whether moves that save only together are carried out."""
        return bool(self.bundles)

    def carry_out(self, bundles: tuple[Bundle, ...]) -> None:
        """Begin moves that save only together; each is judged anew against what is seen then."""
        self.bundles = bundles
        self.wakeups.wake({model for bundle in bundles for model in bundle.models})

    async def _rebalance(self, keys: Iterable[ModelKey]) -> Rebalance:
        """Decide, and let other work go on between models."""
        bundles = self.bundles
        steps = self.look(keys)
        since = time.monotonic()
        while True:
            try:
                next(steps)
            except StopIteration as end:
                outcome: Rebalance = end.value
                if self.bundles is bundles:
                    self.bundles = outcome.bundles
                return outcome
            if time.monotonic() - since > SLICE_SECONDS:
                await asyncio.sleep(0)
                since = time.monotonic()

    def _purse(self) -> Purse:
        models = (self._context.models.get(key) for key in self._context.models)
        replicas = sum(model.spec.replicas for model in models if isinstance(model, ModelDeployment))
        return Purse(self._context.settings.move_budgets, replicas)

    def _scene(self, keys: Iterable[ModelKey]) -> Scene:
        view, models = self._context.view, self._context.models
        found = [
            model
            for key in keys
            if isinstance(model := models.get(key), ModelDeployment)
            and model.metadata.deletion_timestamp is None
            and not self._context.guard.gap(model)
        ]
        usage = view.usage(model_key(model) for model in found)
        return Scene(
            models=((model, owned(view, model)) for model in found),
            usage=usage,
            now=self._context.clock(),
            victims=view.victims(),
            underway=self._underway(),
            crowded_out=self._crowded_out(usage),
            bundles=self.bundles,
        )

    def _crowded_out(self, usage: Usage) -> Mapping[tuple[str, str], Reason]:
        """Choose who leaves over-committed nodes; room that is only promised does not count there."""
        view, mistakes = self._context.view, self._context.mistakes
        if not overloads(usage):
            mistakes.all_over(Part.OVERLOAD)
            return {}
        found = overloads(view.usage(self._context.models))
        nodes = {one.node for one in found}
        standings: list[Standing] = []
        for key in self._context.models:
            with mistakes.apart(key, Part.OVERLOAD):
                standings += self._standings(key, nodes)
        return crowded_out(found, standings)

    def _standings(self, key: ModelKey, nodes: Collection[str]) -> list[Standing]:
        model, now = self._context.models.get(key), self._context.clock()
        if not isinstance(model, ModelDeployment):
            return []
        return [
            Standing(demand_of(model), replica, may_move=_may_move(model, replica, now))
            for replica in self._context.view.replicas(key)
            if replica.node in nodes
        ]

    def _underway(self) -> tuple[Running, ...]:
        """Give the moves underway, those included that were started and cannot be seen yet.

        Those that nobody carries on take no budget from others.
        """
        victims = {
            one.uid: Running(one.model, one.leaves_by.reason)
            for one in self._context.view.victims()
            if one.leaves_by and self._is_carried_on(one.model)
        }
        oldest = time.monotonic() - UNSEEN_SECONDS
        self._marked = {
            uid: (one, since)
            for uid, (one, since) in self._marked.items()
            if uid not in victims and since > oldest
        }
        starting = [
            Running(one.replica.model, one.reason.value)
            for one, _ in self._marked.values()
            if self._is_carried_on(one.replica.model)
        ]
        return (*victims.values(), *starting)

    def _is_carried_on(self, key: ModelKey) -> bool:
        """Tell whether moves of a model go on: it is not being deleted, and no mistake is in the way."""
        model, mistakes = self._context.models.get(key), self._context.mistakes.of(key)
        if model is None or Part.RECONCILE in mistakes or Part.WRITE in mistakes:
            return False
        return not isinstance(model, ModelDeployment) or model.metadata.deletion_timestamp is None

    def _measure(self) -> None:
        metrics = self._context.metrics
        metrics.moves_active.set(len(self._underway()))
        metrics.moves_held.clear()
        for reason, count in self._context.outlook.waiting().items():
            metrics.moves_held.labels(reason.value).set(count)

    def _tell(self, key: ModelKey, held: tuple[Held, ...]) -> None:
        """Put what was held back into the status of its model, and look again when a wait is over."""
        self._context.outlook.put(key, held)
        if alarm := self._alarms.pop(key, None):
            alarm.cancel()
        if ends := [one.until for one in held if one.until]:
            seconds = max((min(ends) - self._context.clock()).total_seconds(), 0)
            self._alarms[key] = asyncio.get_running_loop().call_later(seconds, self.wakeups.wake, [key])

    def _new_plans(self, key: ModelKey, held: tuple[Held, ...]) -> list[Proposal]:
        """Give the moves of a model whose user wants plans only, but for those that were told before."""
        model = self._context.models.get(key)
        plans = [one.proposal for one in held if one.reason is Reason.MOVES_PLANNED]
        before = self._planned.pop(key, frozenset())
        if not isinstance(model, ModelDeployment) or not plans:
            return []
        told = model.status.moves.planned if model.status and model.status.moves else ()
        before |= {(one.replica, one.target) for one in told}
        found = {
            (one.replica.name, one.answer.node): one for one in plans if isinstance(one.answer, Assignment)
        }
        self._planned[key] = frozenset(found)
        return [plan for place, plan in found.items() if place not in before]

    async def _announce(self, key: ModelKey, plans: list[Proposal]) -> None:
        """Post an Event about each of these plans."""
        model = self._context.models.get(key)
        with self._context.mistakes.apart(key, Part.MARK):
            for plan in plans:
                if isinstance(model, ModelDeployment):
                    target = plan.assignment.node
                    await self._context.recorder.move_planned(model, plan.replica, target, plan.reason)

    async def _start(self, proposal: Proposal) -> None:
        with self._context.mistakes.apart(proposal.replica.model, Part.MARK):
            await self._try_to_start(proposal)

    async def _try_to_start(self, proposal: Proposal) -> None:
        replica = proposal.replica
        model = self._context.models.get(replica.model)
        if not isinstance(model, ModelDeployment):
            self._marked.pop(replica.uid, None)
            return
        strategy = model.spec.rebalancing.strategy
        move = proposal.begun(secrets.token_hex(4), strategy, self._context.clock())
        try:
            await self._context.client.json_patch(
                PODS, replica.namespace, replica.name, mark_victim(replica, move), lane=Lane.DECISION
            )
        except ApiError as error:
            logger.info("move not started", extra={"pod": replica.name, "error": str(error)})
            self._marked.pop(replica.uid, None)
            await asyncio.sleep(RETRY_SECONDS)
            self.wakeups.wake([replica.model])
            return
        await self._context.recorder.move_started(model, replica.name, move)


def _may_move(model: ModelDeployment, replica: Replica, now: datetime) -> bool:
    return not model.spec.suspend and not longest_stay(model.metadata.annotations, replica, now)
