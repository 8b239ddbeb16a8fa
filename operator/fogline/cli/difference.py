"""What a change makes of a plan: which replicas change node, what they cost, and who is left without one."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import NamedTuple

from fogline.cli.figures import Latency, measure
from fogline.cli.plan_report import Report
from fogline.names import ModelKey
from fogline.placement import Demand, Unplaceable


@dataclass(frozen=True, slots=True)
class Totals:
    """A plan in a few numbers."""

    replicas: int
    """That have a node."""
    waiting: int
    """That have none."""
    cost_per_hour: Decimal
    """US dollars."""
    latency_penalty: Decimal
    """US dollars per hour that latency above the targets counts for; nobody is billed for it."""
    latency: Latency


class Place(NamedTuple):
    """Where a replica runs, and as what."""

    client_site: str
    """Empty for the unnamed one."""
    node: str
    variant: str


@dataclass(frozen=True, slots=True)
class Shift:
    """Replicas of one model that one plan has elsewhere than the other."""

    model: ModelKey
    before: Place | None
    """None: they had no node."""
    after: Place | None
    """None: they have no node any more."""
    replicas: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Two plans against each other."""

    before: Totals
    after: Totals
    moves: tuple[Shift, ...]
    """Replicas that change node, by model."""
    gained: tuple[Shift, ...]
    """Replicas that the other plan does not have, or has no node for."""
    lost: tuple[Shift, ...]
    unplaceable: tuple[Unplaceable, ...]
    """Of the later plan, where more replicas are without a node than in the earlier one."""


Made = tuple[Report, Sequence[Demand]]
"""A plan and what it was made for."""


def compare(earlier: Made, later: Made, namespace: str | None = None) -> Difference:
    """Compare two plans.

    Parameters
    ----------
    namespace
        The one that both tell of; None for all of them.
    """
    before, after = earlier[0], later[0]
    shifts = list(_shifts(before, after))
    waiting = {(one.model, one.client_site): one.replicas for one in before.unplaceable}
    return Difference(
        before=_totals(*earlier, namespace),
        after=_totals(*later, namespace),
        moves=tuple(one for one in shifts if one.before and one.after),
        gained=tuple(one for one in shifts if one.before is None),
        lost=tuple(one for one in shifts if one.after is None),
        unplaceable=tuple(
            one for one in after.unplaceable if one.replicas > waiting.get((one.model, one.client_site), 0)
        ),
    )


def _totals(found: Report, demands: Sequence[Demand], namespace: str | None) -> Totals:
    total = measure(found.after, demands, namespace).total
    return Totals(
        replicas=total.replicas,
        waiting=found.waiting,
        cost_per_hour=total.cost_per_hour,
        latency_penalty=total.latency_penalty,
        latency=total.latency,
    )


def _shifts(before: Report, after: Report) -> Iterator[Shift]:
    """Pair the places that one plan has more of with those that the other has more of, model by model."""
    there, then = _places(before), _places(after)
    for model in sorted(there.keys() | then.keys()):
        left, new = there[model] - then[model], then[model] - there[model]
        pairs: Counter[tuple[Place | None, Place | None]] = Counter()
        for site in sorted({place.client_site for place in (*left, *new)}):
            pairs.update(zip_longest(_of_site(left, site), _of_site(new, site)))
        for (was, becomes), count in pairs.items():
            yield Shift(model, was, becomes, count)


def _of_site(places: Counter[Place], site: str) -> list[Place]:
    return sorted(place for place in places.elements() if place.client_site == site)


def _places(found: Report) -> defaultdict[ModelKey, Counter[Place]]:
    places: defaultdict[ModelKey, Counter[Place]] = defaultdict(Counter)
    for row in found.rows:
        places[row.model][Place(row.client_site or "", row.node, row.variant)] += 1
    return places
