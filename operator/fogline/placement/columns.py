"""The facts of all nodes as arrays, so that one question is put to every node at once."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from fogline.api import Billing, Tier
from fogline.snapshot import Node
from fogline.units import MOST

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

V = TypeVar("V", bound=Hashable)
T = TypeVar("T")
Fact = Callable[[Node], V]

_KEPT = 256
"""Columns that are kept, of each kind; each takes some tens of kilobytes at 5,000 nodes."""
_REMEMBERED = 1024
"""Answers that are kept. Most take some ten kilobytes at 5,000 nodes."""


@dataclass(frozen=True, slots=True)
class Coded(Generic[V]):
    """A fact that takes few values: the nodes of one value are a class, and are judged together."""

    codes: Ints
    """Per node: position of its value."""
    values: Mapping[V, int]
    """Each value with its position."""

    def among(self, values: Iterable[V]) -> Bools:
        """Tell which nodes have one of these values."""
        answers = np.zeros(len(self.values), dtype=bool)
        answers[[self.values[value] for value in values if value in self.values]] = True
        return answers[self.codes]


class Columns:
    """Facts of nodes, one row per node in the order of their names. What it says never changes.

    A column is made when it is first asked for. `changed` gives new columns in which only the rows of some
    nodes are made anew.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes: tuple[Node, ...] = tuple(sorted(nodes, key=lambda node: node.name))
        self.row_of: Mapping[str, int] = {node.name: row for row, node in enumerate(self.nodes)}
        self._plain: dict[Hashable, tuple[Fact[Any], NDArray[Any]]] = {}
        self._coded: dict[Hashable, tuple[Fact[Any], Coded[Any]]] = {}
        self._remembered: dict[Hashable, Any] = {}

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def tier(self) -> Coded[Tier]:
        """Tier of each node."""
        return self._code("tier", lambda node: node.tier)

    @property
    def zone(self) -> Coded[str]:
        """Zone of each node."""
        return self._code("zone", lambda node: node.zone)

    @property
    def region(self) -> Coded[str | None]:
        """Region of each node."""
        return self._code("region", lambda node: node.region)

    @property
    def architecture(self) -> Coded[str]:
        """Processor architecture of each node."""
        return self._code("architecture", lambda node: node.architecture)

    @property
    def accelerator_type(self) -> Coded[str | None]:
        """Kind of accelerator of each node."""
        return self._code("accelerator", lambda node: node.accelerator_type)

    @property
    def is_unready(self) -> Bools:
        """Whether each node is not Ready."""
        return self._column("unready", lambda node: not node.ready, np.bool_)

    @property
    def is_cordoned(self) -> Bools:
        """Whether each node takes no new pods."""
        return self._column("cordoned", lambda node: node.cordoned, np.bool_)

    @property
    def is_tainted(self) -> Bools:
        """Whether each node has a taint that no pod of ours tolerates."""
        return self._column("tainted", lambda node: bool(node.repelling_taints), np.bool_)

    @property
    def clearance(self) -> Ints:
        """Rank of the clearance of each node."""
        return self._column("clearance", lambda node: node.clearance.rank, np.int64)

    @property
    def price(self) -> Floats:
        """US dollars per hour of each whole node."""
        return self._column("price", lambda node: float(node.cost_per_hour), np.float64)

    @property
    def price_to_open(self) -> Floats:
        """US dollars per hour that the first replica on each node adds; 0 where it is billed by Share."""
        return self._column("price to open", _price_to_open, np.float64)

    @property
    def is_by_share(self) -> Bools:
        """Whether each node is billed by Share."""
        return self._column("billing", lambda node: node.billing is Billing.SHARE, np.bool_)

    @property
    def is_shared_out(self) -> Bools:
        """Whether our replicas may use only a part of each node."""
        return self._column("capacity share", lambda node: node.capacity_share < 1, np.bool_)

    def are_among(self, names: Iterable[str]) -> Bools:
        """Tell which nodes have one of these names."""
        answers = np.zeros(len(self), dtype=bool)
        answers[[self.row_of[name] for name in names if name in self.row_of]] = True
        return answers

    def allocatable(self, resource: str) -> Ints:
        """Give what each node has of a resource, in the unit of `fogline.units.Amounts`."""
        return self._column(
            ("allocatable", resource), lambda node: min(node.allocatable.get(resource, 0), MOST), np.int64
        )

    def usable(self, resource: str) -> Ints:
        """Give what our replicas may use of each node together."""
        return self._column(("usable", resource), lambda node: min(usable(node, resource), MOST), np.int64)

    def latencies(self, client_site: str | None) -> Floats:
        """Give the round trips from a client site in milliseconds; NaN where unknown."""

        def latency(node: Node) -> float:
            known = node.latency_from(client_site)
            return np.nan if known is None else float(known)

        return self._column(("latency", client_site), latency, np.float64)

    def worst_latency(self, client_site: str | None) -> int | None:
        """Give the longest round trip known from a client site, in milliseconds; None when none is known."""
        longest = np.fmax.reduce(self.latencies(client_site), initial=-1.0)
        return None if longest < 0 else int(longest)

    def label(self, key: str) -> Coded[str | None]:
        """Give the values of a label; None where a node does not have it."""
        return self._code(("label", key), lambda node: node.labels.get(key))

    def remember(self, key: Hashable, make: Callable[[], T]) -> T:
        """Give what was made for a key, or make it; only the latest are kept."""
        found: T = _kept(self._remembered, key, make, _REMEMBERED)
        return found

    def changed(self, changes: Mapping[str, Node | None]) -> "Columns":
        """Give the columns after some nodes came, changed or, where None is given, went."""
        if len(changes) > max(len(self) // 10, 1):
            kept = (node for node in self.nodes if node.name not in changes)
            return Columns((*kept, *filter(None, changes.values())))
        after = Columns(())
        after.nodes, after.row_of = self._with(changes)
        fresh = [(after.row_of[name], node) for name, node in changes.items() if node]
        before = None if after.row_of is self.row_of else rows_before(self, after)
        for key, (fact, column) in self._plain.items():
            moved = moved_rows(column, before)
            for row, node in fresh:
                moved[row] = fact(node)
            after._plain[key] = fact, moved
        for key, (fact, coded) in self._coded.items():
            after._coded[key] = fact, _recoded(coded, before, [(row, fact(node)) for row, node in fresh])
        return after

    def _with(self, changes: Mapping[str, Node | None]) -> tuple[tuple[Node, ...], Mapping[str, int]]:
        there = [node for node in changes.values() if node]
        if len(there) == len(changes) and changes.keys() <= self.row_of.keys():
            nodes = list(self.nodes)
            for node in there:
                nodes[self.row_of[node.name]] = node
            return tuple(nodes), self.row_of
        kept = [*there, *(node for node in self.nodes if node.name not in changes)]
        kept.sort(key=lambda node: node.name)
        return tuple(kept), {node.name: row for row, node in enumerate(kept)}

    def _column(self, key: Hashable, fact: Fact[Any], kind: type[np.generic]) -> NDArray[Any]:
        return _kept(
            self._plain, key, lambda: (fact, np.array([fact(node) for node in self.nodes], dtype=kind))
        )[1]

    def _code(self, key: Hashable, fact: Fact[V]) -> Coded[V]:
        return _kept(self._coded, key, lambda: (fact, _number(map(fact, self.nodes))))[1]


def _number(values: Iterable[V]) -> Coded[V]:
    known: dict[V, int] = {}
    codes = [known.setdefault(value, len(known)) for value in values]
    return Coded(np.array(codes, dtype=np.int64), known)


def _kept(made: dict[Hashable, T], key: Hashable, make: Callable[[], T], most: int = _KEPT) -> T:
    """Give what is there for a key, or make it. The one that was not asked for longest makes place."""
    found = made.pop(key, None)
    if found is None:
        found = make()
    made[key] = found
    if len(made) > most:
        del made[next(iter(made))]
    return found


def _price_to_open(node: Node) -> float:
    return 0.0 if node.billing is Billing.SHARE else float(node.cost_per_hour)


def usable(node: Node, resource: str) -> int:
    """Give what our replicas may use of a node together: its share of what is allocatable, rounded down."""
    return int(node.capacity_share * node.allocatable.get(resource, 0))


def rows_before(before: Columns, after: Columns) -> Ints:
    """Give the old row of each node; -1 for one that is new."""
    return np.array([before.row_of.get(node.name, -1) for node in after.nodes], dtype=np.int64)


def moved_rows(column: NDArray[Any], before: Ints | None) -> NDArray[Any]:
    """Copy a column with each node in its new row; new nodes get 0. None: every row stays."""
    if before is None:
        return column.copy()
    moved = np.zeros(len(before), dtype=column.dtype)
    moved[before >= 0] = column[before[before >= 0]]
    return moved


def _recoded(coded: Coded[V], before: Ints | None, fresh: Iterable[tuple[int, V]]) -> Coded[V]:
    codes, values = moved_rows(coded.codes, before), coded.values
    for row, value in fresh:
        if value not in values:
            values = {**values, value: len(values)}
        codes[row] = values[value]
    return Coded(codes, values)
