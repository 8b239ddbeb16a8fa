"""Which tier the decision chooses as the price of edge nodes and the penalty on latency vary. Pure.

Every point is a decision of its own, by the code that the operator decides with.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from itertools import pairwise
from statistics import median

from fogline.api import Tier
from fogline.placement import Demand, Usage, decide
from fogline.snapshot import Node, Snapshot

MOST_POINTS, LEAST_POINTS = 24, 6
"""Along each axis."""
WORK = 7_000_000
"""Nodes times replicas that are looked at in all: about 5 s on one core."""
_OVERHEAD_NODES = 1_500
"""What a decision takes whatever the number of nodes, as so many of them."""
PENALTY_RANGE = Decimal("0.0001"), Decimal(1)
"""US dollars per hour, millisecond and replica: from where money decides to where latency does."""
PRICE_FACTOR = 30
"""Prices go from so much below to so much above what is paid now."""
_PRICE_OF_NOTHING = Decimal("0.1")
"""US dollars per hour that prices range around where no node has a price."""
PRECISION = Decimal("1.01")
"""A border is known when the numbers on its two sides are this close."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the decision does with all replicas of the model."""

    cloud: int
    edge: int
    waiting: int
    """Without a node."""

    def __str__(self) -> str:
        parts = [f"{count} {tier}" for count, tier in ((self.cloud, "cloud"), (self.edge, "edge")) if count]
        parts += [f"{self.waiting} without a node"] if self.waiting else []
        return ", ".join(parts)

    @property
    def tier(self) -> str:
        """Where they are: ``Cloud``, ``Edge``, ``Both``, or ``None`` without any that is placed."""
        if self.cloud and self.edge:
            return "Both"
        return Tier.CLOUD.value if self.cloud else Tier.EDGE.value if self.edge else "None"


@dataclass(frozen=True, slots=True)
class Border:
    """Where the choice changes along one axis, the other one as it is now."""

    below: Choice
    above: Choice
    at: Decimal
    """The least number known to give the choice above."""


@dataclass(frozen=True, slots=True)
class ChoiceMap:
    """The choices by price, then by penalty, both from low to high."""

    penalties: tuple[Decimal, ...]
    """US dollars per hour, millisecond above the target, and replica."""
    prices: tuple[Decimal, ...]
    """US dollars per hour: the median of the edge nodes. All change in proportion; where that is 0, all are
    given this price."""
    choices: tuple[tuple[Choice, ...], ...]
    penalty_now: Decimal
    price_now: Decimal
    now: Choice
    """By present penalty and prices, the model placed anew."""
    penalty_borders: tuple[Border, ...]
    price_borders: tuple[Border, ...]
    target_milliseconds: int
    """Latency above it is what the penalty is for."""
    edge_nodes: int
    cloud_price: Decimal
    """US dollars per hour: the median of the cloud nodes."""

    @property
    def changes(self) -> bool:
        """Whether the choice is not the same everywhere."""
        return len({one for row in self.choices for one in row}) > 1


Chooser = Callable[[Decimal, Decimal], Choice]
"""Decides for a price and a penalty."""


def choice_map(demand: Demand, snapshot: Snapshot) -> ChoiceMap:
    """Decide for many prices and penalties.

    The model is placed anew, without the replicas that it has; what other pods hold stays. Rules that settle
    the tier, such as minima, capacity or clearance, hold at every point.
    """
    bare = _without(demand, snapshot)
    edge = [node for node in snapshot.nodes if node.tier is Tier.EDGE]
    price_now, cloud_price = (_median(tier, snapshot) for tier in (Tier.EDGE, Tier.CLOUD))
    target = demand.latency.target_milliseconds
    penalty_now = Decimal(0) if target is None else demand.latency.penalty_per_millisecond
    wanted = replace(
        demand, is_suspended=False, latency=replace(demand.latency, target_milliseconds=target or 0)
    )
    points = points_for(len(snapshot.nodes), demand.replicas)
    low, high = PENALTY_RANGE
    penalties = axis(min(low, penalty_now or low), max(high, penalty_now), penalty_now, points)
    around = price_now or cloud_price or _PRICE_OF_NOTHING
    prices = axis(around / PRICE_FACTOR, around * PRICE_FACTOR, price_now, points)
    choices = tuple(_row(wanted, bare, price_now, price, penalties) for price in prices)

    def choose(price: Decimal, penalty: Decimal) -> Choice:
        return _row(wanted, bare, price_now, price, [penalty])[0]

    now_row, now_column = prices.index(price_now), penalties.index(penalty_now)
    return ChoiceMap(
        penalties=penalties,
        prices=prices,
        choices=choices,
        penalty_now=penalty_now,
        price_now=price_now,
        now=choices[now_row][now_column],
        penalty_borders=borders(partial(choose, price_now), penalties, choices[now_row]),
        price_borders=borders(
            lambda price: choose(price, penalty_now), prices, [row[now_column] for row in choices]
        ),
        target_milliseconds=target or 0,
        edge_nodes=len(edge),
        cloud_price=cloud_price,
    )


def points_for(nodes: int, replicas: int) -> int:
    """Give as many points along each axis as the work allows: fewer for many nodes and replicas."""
    each = max(replicas, 1) * (nodes + _OVERHEAD_NODES)
    return min(MOST_POINTS, max(LEAST_POINTS, int((WORK / each) ** 0.5)))


def axis(low: Decimal, high: Decimal, now: Decimal, points: int) -> tuple[Decimal, ...]:
    """Give numbers from low to high, each as many times the one before; the nearest one to now becomes it."""
    step = float(high / low) ** (1 / (points - 1))
    values = [Decimal(f"{float(low) * step**number:.3g}") for number in range(points)]
    nearest = min(range(points), key=lambda number: (abs(_log(values[number], now)), number))
    values[nearest] = now
    return tuple(values)


def borders(
    choose: Callable[[Decimal], Choice], values: Sequence[Decimal], choices: Sequence[Choice]
) -> tuple[Border, ...]:
    """Find where the tier changes, each time between two neighbours that differ."""
    found = []
    for (low, before), (high, above) in pairwise(zip(values, choices, strict=True)):
        if before.tier == above.tier:
            continue
        least, most, below, there = low, high, before, above
        while most > PRECISION * least and (least or most > PENALTY_RANGE[0] / 1000):
            middle = (least * most).sqrt() if least else most / 8
            choice = choose(middle)
            if choice.tier == below.tier:
                least, below = middle, choice
            else:
                most, there = middle, choice
        found.append(Border(below, there, Decimal(f"{most:.3g}")))
    return tuple(found)


def _log(value: Decimal, now: Decimal) -> float:
    return float((value / now).ln()) if now else float(value)


def _without(demand: Demand, snapshot: Snapshot) -> Snapshot:
    others = (pod for pod in snapshot.pods if not (pod.replica and pod.replica.model == demand.model))
    return Snapshot(snapshot.nodes, tuple(others))


def _median(tier: Tier, snapshot: Snapshot) -> Decimal:
    prices = [node.cost_per_hour for node in snapshot.nodes if node.tier is tier]
    return median(prices) if prices else Decimal(0)


def _row(
    demand: Demand, snapshot: Snapshot, price_now: Decimal, price: Decimal, penalties: Sequence[Decimal]
) -> tuple[Choice, ...]:
    nodes = tuple(_priced(node, price_now, price) for node in snapshot.nodes)
    usage = Usage(Snapshot(nodes, snapshot.pods))
    return tuple(_choice(demand, usage.fork(), penalty) for penalty in penalties)


def _priced(node: Node, price_now: Decimal, price: Decimal) -> Node:
    if node.tier is not Tier.EDGE or price == price_now:
        return node
    return replace(node, cost_per_hour=node.cost_per_hour * price / price_now if price_now else price)


def _choice(demand: Demand, usage: Usage, penalty: Decimal) -> Choice:
    weighed = replace(demand, latency=replace(demand.latency, penalty_per_millisecond=penalty))
    decision = decide(weighed, usage)
    edge = sum(one.tier is Tier.EDGE for one in decision.assignments)
    return Choice(len(decision.assignments) - edge, edge, decision.waiting)
