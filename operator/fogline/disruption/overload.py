"""Which replicas leave a node of which more is requested than it has: those of the lowest priority first."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fogline.conditions import Reason
from fogline.disruption.limits import PodKey
from fogline.placement import Demand, Overload, turn
from fogline.snapshot import Replica


@dataclass(frozen=True, slots=True)
class Standing:
    """A replica on such a node."""

    demand: Demand
    """Of its model."""
    replica: Replica
    may_move: bool
    """Whether it may be chosen."""

    @property
    def is_going(self) -> bool:
        """Whether it frees its room anyhow: it moves, it ends, or kube-scheduler never bound it."""
        one = self.replica
        return one.leaves_by is not None or not one.alive or not one.bound


def crowded_out(overloads: Iterable[Overload], standings: Iterable[Standing]) -> dict[PodKey, Reason]:
    """Choose the replicas that have to leave, as few as are needed, and say why.

    Of equal priority, the replicas of the youngest model go first.
    """
    there: dict[str, list[Standing]] = {}
    for one in standings:
        there.setdefault(one.replica.node or "", []).append(one)
    by_node: dict[str, list[Overload]] = {}
    for overload in overloads:
        by_node.setdefault(overload.node, []).append(overload)
    chosen: dict[PodKey, Reason] = {}
    for node, found in by_node.items():
        for replica, reason in _relieve(found, there.get(node, [])):
            chosen[replica.namespace, replica.name] = reason
    return chosen


def _relieve(overloads: list[Overload], there: list[Standing]) -> list[tuple[Replica, Reason]]:
    excess = Counter({(one.reason, one.resource): one.excess for one in overloads})
    for one in there:
        if one.is_going:
            _take(excess, one.replica.requests)
    last_first = sorted(
        (one for one in there if one.may_move and not one.is_going),
        key=lambda one: (turn(one.demand), one.replica.name),
        reverse=True,
    )
    chosen: list[tuple[Replica, Reason]] = []
    for one in last_first:
        helps = [what for what, more in excess.items() if more > 0 and one.replica.requests.get(what[1])]
        if helps:
            chosen.append((one.replica, helps[0][0]))
            _take(excess, one.replica.requests)
    return _without_needless(chosen, excess)


def _without_needless(
    chosen: list[tuple[Replica, Reason]], excess: Counter[tuple[Reason, str]]
) -> list[tuple[Replica, Reason]]:
    """Leave those out that others made needless, the most important first: a large one may do for all."""
    needed = list(chosen)
    for one in reversed(chosen):
        without = Counter(excess)
        for what in without:
            without[what] += one[0].requests.get(what[1], 0)
        if max(without.values(), default=0) <= 0:
            needed.remove(one)
            excess = without
    return needed


def _take(excess: Counter[tuple[Reason, str]], requests: Mapping[str, int]) -> None:
    for what in excess:
        excess[what] -= requests.get(what[1], 0)
