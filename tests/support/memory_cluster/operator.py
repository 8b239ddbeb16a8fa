"""The operator without API server and asyncio: its own pure decisions, and its writes in their order."""

import math
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import msgspec
from tests.support.changes import Change
from tests.support.memory_cluster.mirror import Mirror
from tests.support.memory_cluster.store import Store
from tests.support.memory_cluster.timeline import Batch, Timeline
from tests.support.memory_cluster.writes import writes_of

from fogline.api import ModelDeployment
from fogline.cluster.documents import Document
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, PODS
from fogline.config import Settings
from fogline.context import Context
from fogline.disruption import Held, Proposal
from fogline.errors import ApiError
from fogline.metrics.operator import Metrics
from fogline.mistakes import Mistakes, Part
from fogline.mover.loop import COLLECT_SECONDS, Mover
from fogline.mover.planner import Planner
from fogline.names import ModelKey
from fogline.objects import mark_victim, open_gate, pin
from fogline.observe import Models, View, model_key
from fogline.outlook import Outlook
from fogline.placement.consolidate import consolidate
from fogline.placement.optimised import OptimisedPlan
from fogline.placer.choose import Open, Pin
from fogline.placer.loop import Placer
from fogline.reconcile.decisions import Decisions
from fogline.reconcile.intent import Intent
from fogline.reconcile.loop import PAUSE_SECONDS, RETRY_SECONDS
from fogline.reconcile.status import mistaken_status
from fogline.snapshot import Replica

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Habits:
    """How an operator goes about its work."""

    write_seconds: float = 0.0
    """How long a write takes; meanwhile other things happen. 0: a pass and its writes are one moment."""
    pass_seconds: float | None = None
    """How long changes are collected before a pass; None: as long as the settings say."""
    collect_seconds: float = COLLECT_SECONDS
    """How long changes are collected before moves are looked for."""
    passes_for_status: bool = True
    """Whether a status that it wrote itself wakes its model, as the operator does. If not, it does so only
    when it tells of a move that has ended."""
    moves: bool = True
    """Whether replicas move at all."""
    wakes_all: bool = True
    """Whether each change of a node, and all room that is freed, wakes every model, as the operator does. If
    not, it wakes those on the node and those with replicas that wait for a node, and moves that were held
    back are looked at anew; `wake` wakes others."""
    outlives_mistakes: bool = False
    """Whether an exception that nobody foresaw is left to the operator itself. If not, whoever lets time pass
    gets it."""


class MemoryOperator:
    """One operator from its start to its crash. It may be started anew: all that it knows, it has read."""

    def __init__(
        self,
        store: Store,
        timeline: Timeline,
        settings: Settings | None = None,
        habits: Habits | None = None,
    ) -> None:
        self._store = store
        self._timeline = timeline
        self._settings = settings or Settings()
        self._habits = habits or Habits()
        self.models = Models()
        self.view = View(
            self._settings,
            lambda model: self.wake([model]),
            self._room_changed,
            timeline.now,
            timeline.monotonic,
        )
        self.outlook = Outlook(self.wake)
        self.metrics = Metrics()
        self._context = self._new_context()
        self._decisions = Decisions(self._context)
        self._placer = Placer(self._context)
        self._mover = Mover(self._context)
        self._planner = Planner(self._context, self._mover)
        collect = self._settings.batch_milliseconds / 1000
        pass_seconds = self._habits.pass_seconds
        self._passes = Batch(timeline, collect if pass_seconds is None else pass_seconds, self.reconcile)
        self._places = Batch(timeline, collect, self.place)
        self._rebalances = Batch(timeline, self._habits.collect_seconds, self.rebalance)
        self._applied: dict[str, Document] = {}
        self._busy: set[ModelKey] = set()
        self._postponed: set[ModelKey] = set()
        self._planned: dict[ModelKey, float] = {}
        """When a model is passed next although nothing may have happened; only the earliest plan counts."""
        self._alarms: dict[ModelKey, datetime] = {}
        """When the moves of a model are looked at again although nothing may have happened."""
        self._waiting: set[ModelKey] = set()
        self._has_crashed = False
        self._writes_left: int | None = None
        self._mirror = Mirror(store, self.view, self.models, self._model_changed)
        self._mirror.start()

    def crash_after(self, writes: int) -> None:
        """Let it crash right after so many more writes."""
        self._writes_left = writes

    def crash(self) -> None:
        """Stop in the middle of whatever it does."""
        self._has_crashed = True
        self._mirror.stop()

    @property
    def has_crashed(self) -> bool:
        """Tell whether it does nothing any more."""
        return self._has_crashed

    def _wrote(self) -> None:
        if self._writes_left is not None:
            self._writes_left -= 1
            if not self._writes_left:
                self.crash()

    def wake(self, keys: Iterable[ModelKey]) -> None:
        """Ask for a pass over models, and for a look at their gated pods and moves."""
        keys = list(keys)
        self._passes.wake(keys)
        self._places.wake(keys)
        self._rebalances.wake(keys)

    def reconcile(self, keys: Iterable[ModelKey]) -> None:
        """Pass over models, as `fogline.reconcile.loop` does."""
        keys = list(keys)
        self._postponed.update(key for key in keys if key in self._busy)
        if self._has_crashed:
            return
        free = [key for key in keys if key not in self._busy]
        for key in free:
            if self.models.get(key) is None:
                self._decisions.forget(key)
        for one in self._decisions.on(free):
            key = model_key(one.model)
            self._note_waiting(key, one)
            self._busy.add(key)
            self._carry_out(key, one, writes_of(one, self._store, self._applied))
        for key in free:
            self._tell_mistake(key)

    def place(self, keys: Iterable[ModelKey]) -> None:
        """Decide the gated pods of models, as `fogline.placer.loop` does."""
        if self._has_crashed:
            return
        for _, choice in self._placer.choices(keys):
            match choice:
                case Pin(replica=replica, place=place):
                    self._patch(replica, pin(replica, place))
                case Open(replica=replica):
                    self._patch(replica, open_gate(replica, self._timeline.now()))
        for key, seconds in self._placer.openings().items():
            self._timeline.later(seconds, partial(self._places.wake, [key]))

    def rebalance(self, keys: Iterable[ModelKey]) -> None:
        """Look for moves, as `fogline.mover.loop` does."""
        if self._has_crashed or not self._habits.moves:
            return
        mover = self._mover
        keys = [*{*keys, *(model for bundle in mover.bundles for model in bundle.models)}]
        outcome = _outcome_of(mover.look(keys))
        mover.bundles = outcome.bundles
        for key in keys:
            self._tell(key, outcome.held.get(key, ()))
        for proposal in outcome.start:
            if proposal.replica.uid not in mover._marked:  # noqa: SLF001  and its memory
                mover._marked[proposal.replica.uid] = proposal, time.monotonic()  # noqa: SLF001
                self._start(proposal)

    def plan(self) -> bool:
        """Begin moves that save only together, as `fogline.mover.planner` does; tells whether it could ask.

        The plan of all models, which is there for its bound only, is not made.
        """
        job = self._planner.question()
        if job is None:
            return False
        found = consolidate(job.demands, job.snapshot, job.limits.consolidation)
        self._planner.take(job, OptimisedPlan((), (), (), (), (), Decimal(0), found))
        self._rebalances.wake({model for bundle in self._mover.bundles for model in bundle.models})
        return True

    def _start(self, proposal: Proposal) -> None:
        replica = proposal.replica
        model = self.models.get(replica.model)
        assert isinstance(model, ModelDeployment)
        identity, now = f"{replica.uid}-{replica.resource_version}", self._timeline.now()
        move = proposal.begun(identity, model.spec.rebalancing.strategy, now)
        self._patch(replica, mark_victim(replica, move))

    def _tell(self, key: ModelKey, held: tuple[Held, ...]) -> None:
        self.outlook.put(key, held)
        self._alarms.pop(key, None)
        if ends := [one.until for one in held if one.until]:
            until = self._alarms[key] = min(ends)

            def wake() -> None:
                if self._alarms.get(key) == until:
                    self._rebalances.wake([key])

            self._timeline.later(max(0.0, (until - self._timeline.now()).total_seconds()), wake)

    def _new_context(self) -> Context:
        """Give what the loops share, but for what reaches outside: nothing here does."""
        nothing: Any = None
        return Context(
            client=nothing,
            models=self.models,
            view=self.view,
            recorder=nothing,
            metrics=self.metrics,
            settings=self._settings,
            duty=nothing,
            outlook=self.outlook,
            mistakes=Mistakes(self.models, self.wake, self._count),
            clock=self._timeline.now,
        )

    def _count(self, part: Part) -> None:
        if not self._habits.outlives_mistakes:
            raise AssertionError(f"a mistake of the operator: {part}")
        self.metrics.mistake(part)

    def _tell_mistake(self, key: ModelKey) -> None:
        model, mistake = self.models.get(key), self._context.mistakes.of(key).get(Part.RECONCILE)
        if isinstance(model, ModelDeployment) and mistake:
            status = mistaken_status(model, mistake, self._timeline.now())
            if status != model.status:
                self._store.change(MODEL_DEPLOYMENTS, key, status=msgspec.to_builtins(status))

    def _carry_out(self, key: ModelKey, one: Intent, writes: Iterator[None]) -> None:
        """Carry the writes of a pass out, one after the other."""
        while not self._has_crashed:
            try:
                next(writes)
                self._wrote()
            except StopIteration:
                self._finish(key, one.again_seconds)
                return
            except ApiError:
                self._finish(key, RETRY_SECONDS)
                return
            if self._habits.write_seconds:
                self._timeline.later(self._habits.write_seconds, lambda: self._carry_out(key, one, writes))
                return

    def _finish(self, key: ModelKey, again_seconds: float | None) -> None:
        def rest() -> None:
            self._busy.discard(key)
            if key in self._postponed:
                self._postponed.discard(key)
                self._passes.wake([key])

        def again() -> None:
            if self._planned.get(key) == when:
                del self._planned[key]
                self._passes.wake([key])

        self._timeline.later(PAUSE_SECONDS, rest)
        if again_seconds is None:
            return
        when = self._timeline.seconds + PAUSE_SECONDS + again_seconds
        if when < self._planned.get(key, math.inf):
            self._planned[key] = when
            self._timeline.later(PAUSE_SECONDS + again_seconds, again)

    def _patch(self, replica: Replica, operations: list[Document]) -> None:
        def write() -> None:
            if self._has_crashed:
                return
            self._mover._marked.pop(replica.uid, None)  # noqa: SLF001  what is written is seen at once
            try:
                self._store.patch(PODS, (replica.namespace, replica.name), operations)
                self._wrote()
            except ApiError:
                self.view.refute(replica)
                self._timeline.later(RETRY_SECONDS, lambda: self.wake([replica.model]))

        if self._habits.write_seconds:
            self._timeline.later(self._habits.write_seconds, write)
        else:
            write()

    def _model_changed(self, change: Change, key: ModelKey) -> None:
        if self._habits.passes_for_status or _tells_more_than_status(change):
            self.wake([key])

    def _note_waiting(self, key: ModelKey, one: Intent) -> None:
        is_waiting = one.decision is not None and one.decision.waiting > 0
        (self._waiting.add if is_waiting else self._waiting.discard)(key)

    def _room_changed(self) -> None:
        if self._habits.wakes_all:
            self.wake(self.models)
            return
        touched = {key for node in self.view.nodes.changed for key in self._mirror.on_node[node]}
        self.wake(sorted(touched | self._waiting))
        self._rebalances.wake(key for key in self.models if self.outlook.of(key))


def _tells_more_than_status(change: Change) -> bool:
    """Tell whether anything of a model changed that a pass has not decided itself."""
    before, after = change.before, change.after
    if before is None or after is None or before["spec"] != after["spec"]:
        return True
    return _ended(before) != _ended(after)


def _ended(model: Document) -> list[Document]:
    history: list[Document] = model.get("status", {}).get("moves", {}).get("history", [])
    return history


def _outcome_of(steps: Generator[None, None, T]) -> T:
    """Run steps to their end; returns what they come to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            outcome: T = end.value
            return outcome
