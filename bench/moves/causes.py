"""What each move that saves money answers to: something that made another node the best one for a replica.

So replicas move at most as often as their best node changes, and a move that nothing called for is thrash.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tests.support.changes import Change
from tests.support.judging.placing import gates, pins
from tests.support.judging.seen import is_alive, is_marked, model_of, notes_of
from tests.support.memory_cluster import MemoryCluster
from tests.support.memory_cluster.pods import is_ready

from fogline.api import Billing
from fogline.cluster.documents import Document
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, NODES, PODS
from fogline.conditions import Reason
from fogline.names import (
    BILLING_LABEL,
    COST_LABEL,
    GATE,
    MOVE_PREFIX,
    REPLACES_ANNOTATION,
    VARIANT_LABEL,
    ModelKey,
)
from fogline.placement import Demand
from fogline.units import Amounts, resource_amounts

SLACK_SECONDS = 120.0
"""What changed so shortly before a replica got its node, it need not have been decided by: room may have been
promised already, and the pod that a Deployment makes for one that was lost stays with its variant."""


@dataclass(frozen=True, slots=True)
class _State:
    """All of a node that a price, or a place, may depend on."""

    is_usable: bool
    price: float
    is_paid_whole: bool
    replicas: int
    """Those that will be there once all moves that run are over."""
    free: Mapping[str, int]

    def takes(self, requests: Amounts) -> bool:
        """Tell whether there is room."""
        return all(self.free.get(name, 0) >= amount for name, amount in requests.items())


@dataclass(slots=True)
class _Held:
    """What a pod holds of a node."""

    node: str
    requests: Amounts
    counts_on: str | None
    """The node on which it counts as a replica: a victim counts where its replacement will be."""
    since: float


class Causes:
    """Sees every change of a cluster and says of each move for money what it answers to."""

    def __init__(self, cluster: MemoryCluster, demands: Mapping[ModelKey, Demand]) -> None:
        self._cluster = cluster
        self._demands = demands
        self._nodes: dict[str, Document] = {}
        self._held: dict[str, _Held] = {}
        self._on_node: defaultdict[str, dict[str, None]] = defaultdict(dict)
        """uids of the pods that hold something of a node, or count there."""
        self._states: defaultdict[str, list[tuple[float, _State]]] = defaultdict(list)
        self._model_changed: defaultdict[ModelKey, dict[str, float]] = defaultdict(dict)
        """When each replica of a model came or went last, by uid; under no name, when its spec changed."""
        self._lost: defaultdict[tuple[ModelKey, str], list[float]] = defaultdict(list)
        """When pods of a variant began to leave in no move."""
        self._seen: set[str] = set()
        """Ids of moves."""
        self.found: Counter[str] = Counter()
        """Moves by what they answered to."""
        self.unexplained: list[str] = []
        """Moves that nothing called for."""

    def see(self, change: Change) -> None:
        """Take in one change."""
        if change.kind is NODES:
            if change.after is None:
                self._nodes.pop(change.key[1], None)
            else:
                self._nodes[change.key[1]] = change.after
            self._note(change.key[1])
        elif change.kind is PODS:
            self._pod_changed(change)
        elif change.kind is MODEL_DEPLOYMENTS and _spec(change.before) != _spec(change.after):
            self._model_changed[ModelKey(*change.key)][""] = self._now

    def _pod_changed(self, change: Change) -> None:
        pod = change.document
        uid, notes = pod["metadata"]["uid"], notes_of(pod)
        marked = change.after is not None and is_alive(pod) and is_marked(pod)
        if marked and (move := notes[f"{MOVE_PREFIX}id"]) not in self._seen:
            self._seen.add(move)
            if notes[f"{MOVE_PREFIX}reason"] == Reason.BETTER_PLAN:
                self.found["nodes were emptied together"] += 1
            elif f"{MOVE_PREFIX}saving-per-hour" in notes:
                self._explain(pod, notes)
        if _loses(change):
            self._lost[_variant_of(pod)].append(self._now)
        before, after = self._held.get(uid), self._holds(change.after, marked=marked)
        if (before and (before.node, before.counts_on)) == (after and (after.node, after.counts_on)):
            return
        if before is None or after is None:
            self._model_changed[ModelKey(*model_of(pod))][uid] = self._now
        self._hold(uid, after)
        victim = self._held.get(notes.get(REPLACES_ANNOTATION, ""))
        if after is not None and victim is not None and victim.counts_on == after.node:
            self._hold(notes[REPLACES_ANNOTATION], _Held(victim.node, victim.requests, None, victim.since))

    def _holds(self, pod: Document | None, *, marked: bool) -> _Held | None:
        if pod is None or pod["status"]["phase"] in {"Failed", "Succeeded"} or GATE in gates(pod):
            return None
        node = pod["spec"].get("nodeName") or next(iter(pins(pod)))
        if node is None:
            return None
        known = self._held.get(pod["metadata"]["uid"])
        counts_on: str | None = node if is_alive(pod) else None
        if marked:
            is_replaced = known is not None and known.counts_on is None
            counts_on = None if is_replaced else notes_of(pod)[f"{MOVE_PREFIX}to"]
        since = known.since if known else self._now
        return _Held(node, self._cluster.room.requests_of(pod), counts_on, since)

    def _hold(self, uid: str, after: _Held | None) -> None:
        before = self._held.pop(uid, None)
        touched = {name for one in (before, after) if one for name in (one.node, one.counts_on) if name}
        for name in touched:
            self._on_node[name].pop(uid, None)
        if after is not None:
            self._held[uid] = after
            for name in filter(None, (after.node, after.counts_on)):
                self._on_node[name][uid] = None
        for name in touched:
            self._note(name)

    def _note(self, node: str) -> None:
        """Keep the state of a node, if it is another one now."""
        state, states = self._state(node), self._states[node]
        if not states or states[-1][1] != state:
            states.append((self._now, state))

    def _state(self, node: str) -> _State:
        live = self._nodes.get(node)
        if live is None:
            return _State(is_usable=False, price=0, is_paid_whole=False, replicas=0, free={})
        labels, spec = live["metadata"]["labels"], live["spec"]
        here = [self._held[uid] for uid in self._on_node[node]]
        free = Counter(resource_amounts(live["status"]["allocatable"]))
        for one in here:
            if one.node == node:
                free.subtract(one.requests)
        return _State(
            is_usable=is_ready(live) and not spec.get("unschedulable") and not spec.get("taints"),
            price=float(labels.get(COST_LABEL, 0)),
            is_paid_whole=labels.get(BILLING_LABEL) == Billing.NODE.value,
            replicas=sum(one.counts_on == node for one in here),
            free=free,
        )

    def _explain(self, pod: Document, notes: Mapping[str, str]) -> None:
        uid, model = pod["metadata"]["uid"], ModelKey(*model_of(pod))
        held = self._held[uid]
        target, variant = notes[f"{MOVE_PREFIX}to"], notes[f"{MOVE_PREFIX}variant"]
        asked = self._demands[model].variant(variant)
        requests = asked.requests if asked else held.requests
        since = held.since - SLACK_SECONDS
        causes: tuple[tuple[str, Callable[[_State, _State], bool], str], ...] = (
            ("the price of a node changed", lambda was, now: was.price > now.price, target),
            ("the price of a node changed", lambda was, now: was.price < now.price, held.node),
            ("a node came back", lambda was, _: not was.is_usable, target),
            ("room became free", lambda was, _: not was.takes(requests), target),
            ("others came to share a paid node, or left one", _is_opened, target),
            ("others came to share a paid node, or left one", _is_left_alone, held.node),
        )
        for cause, is_cause, node in causes:
            if any(is_cause(was, self._states[node][-1][1]) for was in self._past(node, since)):
                self.found[cause] += 1
                return
        if variant != _variant_of(pod)[1] and any(
            since < moment <= held.since for moment in self._lost[_variant_of(pod)]
        ):
            self.found["it stood in for one that was lost, in a variant it could not choose"] += 1
            return
        changed = self._model_changed[model]
        if any(moment > held.since for other, moment in changed.items() if other != uid):
            self.found["other replicas of the model came or went"] += 1
            return
        name, when = pod["metadata"]["name"], self._cluster.timeline.text()
        self.unexplained.append(f"{name} began to move to {target} at {when}, and nothing had changed")

    def _past(self, node: str, since: float) -> Iterator[_State]:
        """Go back through the states of a node, to the one that was in force at a moment."""
        for moment, state in reversed(self._states[node]):
            yield state
            if moment <= since:
                return

    @property
    def _now(self) -> float:
        return self._cluster.timeline.seconds


def _variant_of(pod: Document) -> tuple[ModelKey, str]:
    return ModelKey(*model_of(pod)), pod["metadata"]["labels"][VARIANT_LABEL]


def _loses(change: Change) -> bool:
    """Tell whether a pod begins to leave that did not move."""
    before, after = change.before, change.after
    was_there = before is not None and is_alive(before) and not is_marked(before)
    return was_there and (after is None or not is_alive(after))


def _spec(model: Document | None) -> Document | None:
    return model and model["spec"]


def _is_opened(was: _State, now: _State) -> bool:
    return now.is_paid_whole and now.replicas > 0 and was.replicas == 0


def _is_left_alone(was: _State, now: _State) -> bool:
    return now.is_paid_whole and was.replicas > 1 >= now.replicas
