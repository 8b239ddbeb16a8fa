"""The operator without API server and asyncio: its own pure decisions, and its writes in their order."""

import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from tests.support.memory_cluster.mirror import Mirror
from tests.support.memory_cluster.store import Store
from tests.support.memory_cluster.timeline import Batch, Timeline
from tests.support.memory_cluster.writes import writes_of

from fogline.api import ModelDeployment
from fogline.cluster.documents import Document
from fogline.cluster.kinds import PODS
from fogline.config import Settings
from fogline.context import Context
from fogline.disruption import Held, Proposal
from fogline.errors import ApiError
from fogline.mover.loop import COLLECT_SECONDS, Mover
from fogline.names import GATE, ModelKey
from fogline.objects import mark_victim, open_gate, pin
from fogline.observe import Models, View, assumed_pod, model_key, owned
from fogline.outlook import Outlook
from fogline.placement import demand_of, turn
from fogline.placer.choose import Open, Pin
from fogline.placer.gated import decide_gated, role_of
from fogline.reconcile.intent import Before, Intent, intend
from fogline.reconcile.loop import PAUSE_SECONDS, RETRY_SECONDS
from fogline.snapshot import Replica

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Habits:
    """How an operator goes about its work."""

    write_seconds: float = 0.0
    """How long a write takes; meanwhile other things happen. 0: a pass and its writes are one moment."""
    collect_seconds: float = COLLECT_SECONDS
    """How long changes are collected before moves are looked for."""
    moves: bool = True
    """Whether replicas move at all."""
    wakes_all: bool = True
    """Whether each change of a node, and all room that is freed, wakes every model, as the operator does. If
    not, it wakes those that wait for something and those that are on the node; `wake` wakes others."""


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
        self._mover = Mover(self._context())
        collect = self._settings.batch_milliseconds / 1000
        self._passes = Batch(timeline, collect, self.reconcile)
        self._places = Batch(timeline, collect, self.place)
        self._rebalances = Batch(timeline, self._habits.collect_seconds, self.rebalance)
        self._applied: dict[str, Document] = {}
        self._busy: set[ModelKey] = set()
        self._postponed: set[ModelKey] = set()
        self._planned: set[ModelKey] = set()
        self._alarms: dict[ModelKey, datetime] = {}
        """When the moves of a model are looked at again although nothing may have happened."""
        self._waiting: set[ModelKey] = set()
        self._uncleared: dict[ModelKey, Mapping[str, datetime]] = {}
        self._has_crashed = False
        self._writes_left: int | None = None
        self._mirror = Mirror(store, self.view, self.models, lambda model: self.wake([model]))
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
        usage, now = self.view.usage(free), self._timeline.now()
        for key in free:
            if self.models.get(key) is None:
                self.view.forget(key)
        intents = [
            intend(
                model,
                owned(self.view, model),
                Before(
                    held=self.outlook.of(model_key(model)),
                    uncleared_since=self._uncleared.get(model_key(model), {}),
                ),
                usage,
                self._settings,
                now,
            )
            for model in self._in_turn(free)
        ]
        for one in intents:
            key = model_key(one.model)
            self.view.promise(demand_of(one.model), one.decision, one.claimed)
            self._uncleared[key] = one.uncleared.since
            self._note_waiting(key, one)
            self._busy.add(key)
            self._carry_out(key, one, writes_of(one, self._store, self._applied))

    def place(self, keys: Iterable[ModelKey]) -> None:
        """Decide the gated pods of models, as `fogline.placer.loop` does."""
        if self._has_crashed:
            return
        waiting = [
            (model, gated)
            for model in self._in_turn(keys)
            if not model.spec.suspend
            and (gated := [r for r in self.view.replicas(model_key(model)) if r.alive and GATE in r.gates])
        ]
        if not waiting:
            return
        usage, now = self.view.usage(model_key(model) for model, _ in waiting), self._timeline.now()
        for model, gated in waiting:
            for choice in decide_gated(model, gated, owned(self.view, model), usage, now):
                replica = choice.replica
                if isinstance(choice, Pin):
                    pod = assumed_pod(replica, choice.place.node, choice.place.client_site)
                    self.view.assume(replica, pod, role_of(choice.place))
                    self._patch(replica, pin(replica, choice.place))
                elif isinstance(choice, Open):
                    self._patch(replica, open_gate(replica, now))

    def rebalance(self, keys: Iterable[ModelKey]) -> None:
        """Look for moves, as `fogline.mover.loop` does."""
        if self._has_crashed or not self._habits.moves:
            return
        mover = self._mover
        outcome = _outcome_of(mover.look(keys))
        for key in keys:
            self._tell(key, outcome.held.get(key, ()))
        for proposal in outcome.start:
            if proposal.replica.uid not in mover._marked:  # noqa: SLF001  and its memory
                mover._marked[proposal.replica.uid] = proposal, time.monotonic()  # noqa: SLF001
                self._start(proposal)

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

    def _context(self) -> Context:
        """Give what the loops share, but for what reaches outside: nothing here does."""
        nothing: Any = None
        return Context(
            client=nothing,
            models=self.models,
            view=self.view,
            recorder=nothing,
            metrics=nothing,
            settings=self._settings,
            duty=nothing,
            outlook=self.outlook,
            clock=self._timeline.now,
        )

    def _in_turn(self, keys: Iterable[ModelKey]) -> list[ModelDeployment]:
        found = [model for key in keys if isinstance(model := self.models.get(key), ModelDeployment)]
        return sorted(found, key=lambda model: turn(demand_of(model)))

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
            self._planned.discard(key)
            self._passes.wake([key])

        self._timeline.later(PAUSE_SECONDS, rest)
        if again_seconds is not None and key not in self._planned:
            self._planned.add(key)
            self._timeline.later(PAUSE_SECONDS + again_seconds, again)

    def _patch(self, replica: Replica, operations: list[Document]) -> None:
        def write() -> None:
            if self._has_crashed:
                return
            try:
                self._store.patch(PODS, (replica.namespace, replica.name), operations)
                self._wrote()
            except ApiError:
                self.view.refute(replica)
                self._mover._marked.pop(replica.uid, None)  # noqa: SLF001
                self._timeline.later(RETRY_SECONDS, lambda: self.wake([replica.model]))

        if self._habits.write_seconds:
            self._timeline.later(self._habits.write_seconds, write)
        else:
            write()

    def _note_waiting(self, key: ModelKey, one: Intent) -> None:
        held = self.outlook.of(key)
        is_waiting = bool(held) or (one.decision is not None and one.decision.waiting > 0)
        (self._waiting.add if is_waiting else self._waiting.discard)(key)

    def _room_changed(self) -> None:
        if self._habits.wakes_all:
            self.wake(self.models)
            return
        touched = {key for node in self.view.nodes.changed for key in self._mirror.on_node[node]}
        self.wake(sorted(touched | self._waiting))


def _outcome_of(steps: Generator[None, None, T]) -> T:
    """Run steps to their end; returns what they come to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            outcome: T = end.value
            return outcome
