"""Groups of moves that empty nodes which are paid as a whole, each group worth it by itself.

No single move spares the price of a node that others share. A plan for all models would, but it may move
hundreds of replicas that depend on each other, and left half way it costs more than none. So a group is
small, and finds all of its room on nodes that it does not empty.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from fogline.api import Billing
from fogline.names import ModelKey
from fogline.placement.answers import Assignment
from fogline.placement.decide import policy_refusals
from fogline.placement.demand import Demand
from fogline.placement.limits import Consolidation
from fogline.placement.objective import MOVE_COST, latency_penalty
from fogline.placement.optimised import Placed
from fogline.placement.place import assume, find_place
from fogline.placement.requirements import Option
from fogline.placement.usage import Usage, share_cost
from fogline.snapshot import Node, Pod, ReplicaOf, Snapshot

_MOST_KINDS = 8
"""Kinds of nodes that are opened for a try, the most promising ones: each may look at every node in use."""
_NOBODY = ReplicaOf(ModelKey("", ""), "", None)
"""Stands on a node that is opened, so that no single replica is asked for its price."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Moves that belong together."""

    moves: tuple[Placed, ...] = ()
    nodes: frozenset[str] = frozenset()
    """Those that it empties, and those that it moves to."""
    now: Decimal = Decimal(0)
    """US dollars per hour that its replicas count for where they are."""
    then: Decimal = Decimal(0)
    """US dollars per hour that they add elsewhere."""
    min_saving_percent: int = 0
    """What the strictest of its models asks for."""

    @property
    def saving(self) -> Decimal:
        """US dollars per hour, less what moves have to save anyhow."""
        return self.now - self.then - MOVE_COST * len(self.moves)

    @property
    def is_worth_it(self) -> bool:
        """Whether it saves enough."""
        return self.saving > 0 and self.saving * 100 >= self.now * self.min_saving_percent

    def with_more(self, other: "_Group") -> "_Group":
        """Give both as one."""
        moves, nodes = (*self.moves, *other.moves), self.nodes | other.nodes
        strictest = max(self.min_saving_percent, other.min_saving_percent)
        return _Group(moves, nodes, self.now + other.now, self.then + other.then, strictest)


_Question: TypeAlias = Callable[[], _Group | None]
"""Looks for a group in the cluster as it is by then."""


@dataclass(frozen=True, slots=True, order=True)
class _Candidate:
    """A group that may be taken; the one that saves most for each move sorts first."""

    rank: Decimal
    number: int
    question: _Question = field(compare=False)
    group: _Group = field(compare=False)
    taken: int = field(compare=False)
    """How many groups were taken before it was found."""


def consolidate(
    demands: Iterable[Demand], snapshot: Snapshot, limits: Consolidation
) -> tuple[tuple[Placed, ...], ...]:
    """Find groups of moves that empty nodes; those that save most for each move come first.

    A node is emptied onto nodes in use, or several are emptied onto one that is opened for them. Each group
    counts with those before it. Nodes with replicas of a model that is suspended or not asked about stay as
    they are. Same input, same answer.

    Parameters
    ----------
    limits
        How many moves a group may have, and how many nodes are looked at.
    """
    if not limits.moves:
        return ()
    search = _Search(demands, snapshot, limits)
    questions = enumerate(search.questions())
    queue = [one for number, question in questions if (one := search.candidate(number, question))]
    heapify(queue)
    found: list[tuple[Placed, ...]] = []
    while queue:
        best = heappop(queue)
        if search.is_as_found(best):
            search.take(best.group)
            found.append(best.group.moves)
        elif again := search.candidate(best.number, best.question):
            heappush(queue, again)
    return tuple(found)


class _Search:
    """Looks for groups, and counts those that are taken as carried out."""

    def __init__(self, demands: Iterable[Demand], snapshot: Snapshot, limits: Consolidation) -> None:
        self._demands = {demand.model: demand for demand in demands if not demand.is_suspended}
        self._usage = Usage(snapshot)
        self._limits = limits
        self._looks = 0
        self._on_node: defaultdict[str, list[Pod]] = defaultdict(list)
        for pod in snapshot.pods:
            if pod.replica:
                self._on_node[pod.node].append(pod)
        paid_whole = [node for node in self._usage.nodes if node.billing is Billing.NODE]
        self._unused = frozenset(node.name for node in paid_whole if self._usage.is_unused(node))
        self._kinds = _kinds(node for node in paid_whole if node.name in self._unused)
        used = [node for node in paid_whole if self._may_empty(node)]
        used.sort(key=lambda node: (-self._waste(node), node.name))
        self._used = {node.name: node for node in used}
        """Those that may be emptied; those first that are used least for their price."""
        self._gains: dict[str, list[tuple[Node, Decimal]]] = {}
        """By node that may be opened: what `_that_gain` gave at first, which only gets less."""
        self._taken = 0
        self._changed: dict[str, int] = {}
        """By node: how many groups were taken when it changed last."""

    def questions(self) -> Iterator[_Question]:
        """Go through what may be asked: to empty a node in use, or to open one of each kind for several."""
        for node in self._used.values():
            yield partial(self._emptied, node)
        kinds = [(-self._promise(node), node.name, node) for node in self._kinds]
        for promise, _, node in sorted(kinds, key=lambda one: one[:2])[:_MOST_KINDS]:
            if promise < 0:
                yield partial(self._gathered, node)

    def candidate(self, number: int, question: _Question) -> _Candidate | None:
        """Ask now; None where there is no group, or it is not worth it."""
        group = question()
        if group is None or not group.is_worth_it:
            return None
        return _Candidate(-group.saving / len(group.moves), number, question, group, self._taken)

    def is_as_found(self, one: _Candidate) -> bool:
        """Tell whether no node of a group has changed since it was found."""
        return all(self._changed.get(node, 0) <= one.taken for node in one.group.nodes)

    def take(self, group: _Group) -> None:
        """Count a group as carried out. Its nodes are not emptied any more, and not opened again."""
        self._taken += 1
        self._changed |= dict.fromkeys(group.nodes, self._taken)
        for name in group.nodes:
            self._used.pop(name, None)
        for move in group.moves:
            assert move.pod  # noqa: S101  for the type checker
            variant = self._demands[move.model].variant(move.variant)
            assert variant  # noqa: S101  for the type checker
            self._usage.remove(move.pod)
            replica = ReplicaOf(move.model, move.variant, move.client_site)
            self._usage.assume(replica, move.node, variant.requests)
        targets = {move.node for move in group.moves}
        self._unused = (self._unused | group.nodes) - targets

    def _emptied(self, node: Node) -> _Group | None:
        """Empty a node onto others in use."""
        return self._empty(node, self._usage.fork(), self._unused)

    def _gathered(self, opened: Node) -> _Group | None:
        """Empty as many nodes as are worth it onto one that is opened and onto those in use."""
        if opened.name not in self._unused:
            return None
        usage, found, closed = self._usage.fork(), _Group(), self._unused - {opened.name}
        usage.assume(_NOBODY, opened.name, {})
        for node, _ in self._that_gain(opened):
            trial = usage.fork()
            group = self._empty(node, trial, closed)
            if group and group.now > group.then and len(found.moves) + len(group.moves) <= self._limits.moves:
                usage, found, closed = trial, found.with_more(group), closed | {node.name}
        return replace(found, then=found.then + opened.cost_per_hour) if opened.name in found.nodes else None

    def _promise(self, opened: Node) -> Decimal:
        """Tell what might be saved per hour by a node that is opened and filled by those that gain most."""
        saved, left = -opened.cost_per_hour, opened.cost_per_hour
        for node, share in self._that_gain(opened):
            if share <= left:
                saved, left = saved + node.cost_per_hour, left - share
        return saved

    def _that_gain(self, opened: Node) -> list[tuple[Node, Decimal]]:
        """Give the nodes that cost more than the share of an opened one which their replicas would use.

        Those come first that would spare most. Replicas that may not go there count for nothing: they have to
        find room elsewhere.
        """
        if opened.name not in self._gains:
            self._gains[opened.name] = self._gains_of(opened)
        return [(node, share) for node, share in self._gains[opened.name] if node.name in self._used]

    def _gains_of(self, opened: Node) -> list[tuple[Node, Decimal]]:
        found = []
        for node in self._used.values():
            shares = [
                share_cost(opened, pod.requests)
                for pod in self._on_node[node.name]
                if self._may_go(pod, opened)
            ]
            share = sum(shares, Decimal(0))
            if shares and share < node.cost_per_hour:
                found.append((share - node.cost_per_hour, node.name, node, share))
        return [(node, share) for _, _, node, share in sorted(found, key=lambda one: one[:2])]

    def _may_go(self, pod: Pod, node: Node) -> bool:
        assert pod.replica  # noqa: S101  for the type checker
        return not policy_refusals(self._demands[pod.replica.model], pod.replica, node, self._usage)

    def _empty(self, node: Node, usage: Usage, without: Collection[str]) -> _Group | None:
        """Find other places for all replicas of a node; None where one of them finds none.

        Parameters
        ----------
        usage
            Counts them there afterwards.
        without
            Further nodes that are out of the question.
        """
        if node.name not in self._used or self._looks == self._limits.looks:
            return None
        self._looks += 1
        here = sorted(self._on_node[node.name], key=lambda pod: (-share_cost(node, pod.requests), pod.name))
        shut = {node.name, *without}
        for pod in here:
            usage.remove(pod)
        found = _Group(nodes=frozenset({node.name}), now=node.cost_per_hour)
        for pod in here:
            assert pod.replica  # noqa: S101  for the type checker
            demand = self._demands[pod.replica.model]
            answer = find_place(demand, usage, pod.replica.client_site, shut)
            if answer is None:
                return None
            assume(answer, demand, usage)
            found = found.with_more(
                _Group(
                    moves=(_placed(pod, answer),),
                    nodes=frozenset({answer.node}),
                    now=self._penalty(demand, pod.replica, node),
                    then=answer.offer.price,
                    min_saving_percent=demand.min_saving_percent,
                )
            )
        return found

    def _may_empty(self, node: Node) -> bool:
        here = self._on_node[node.name]
        are_free = all(pod.replica and pod.replica.model in self._demands for pod in here)
        return are_free and 0 < len(here) <= self._limits.moves

    def _waste(self, node: Node) -> Decimal:
        """Give the price of a node, less what the shares of it are worth that are used."""
        used = (share_cost(node, pod.requests) for pod in self._on_node[node.name])
        return node.cost_per_hour - sum(used, Decimal(0))

    def _penalty(self, demand: Demand, replica: ReplicaOf, node: Node) -> Decimal:
        variant = demand.variant(replica.variant)
        if variant is None:
            return Decimal(0)
        return latency_penalty(Option(demand, variant, replica.client_site, node), self._usage)


def _kinds(nodes: Iterable[Node]) -> Sequence[Node]:
    """Give one node of each kind that takes new pods."""
    kinds: dict[tuple[object, ...], Node] = {}
    for node in nodes:
        if node.ready and not node.cordoned:
            offers = tuple(sorted(node.allocatable.items()))
            kinds.setdefault((node.cost_per_hour, offers, node.region, node.zone), node)
    return tuple(kinds.values())


def _placed(pod: Pod, answer: Assignment) -> Placed:
    return Placed(
        model=answer.model,
        variant=answer.offer.variant,
        client_site=answer.client_site,
        node=answer.node,
        cost_per_hour=answer.offer.cost_per_hour,
        latency_penalty=answer.offer.latency_penalty,
        pod=pod,
    )
