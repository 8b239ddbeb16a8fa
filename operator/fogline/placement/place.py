"""Choose the node of one replica: refuse, price, take the cheapest."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from fogline.conditions import Reason
from fogline.placement.answers import RANKS, REFUSALS, Assignment, Counterfactual, Offer, Refused, Unplaceable
from fogline.placement.columns import Bools, Floats
from fogline.placement.demand import Demand, VariantDemand
from fogline.placement.objective import offer, penalty_at_maximum
from fogline.placement.requirements import Option, first_refusal, is_reserved, lacks, tier_not_served
from fogline.placement.sweep import NONE, UNSERVED, Ranks, Sweep, sweep
from fogline.placement.usage import Usage
from fogline.snapshot import Pod, ReplicaOf

_SAME = 1e-9
"""US dollars per hour: prices that differ by less are equal."""
_TOO_FAR = (RANKS[Reason.LATENCY_UNKNOWN], RANKS[Reason.LATENCY_ABOVE_MAXIMUM])
_ROOM = (RANKS[Reason.REFUSED_BY_SCHEDULER], RANKS[Reason.INSUFFICIENT_RESOURCE])
"""What may be over at any time, and what kube-scheduler knows better than we do."""
_PRECISION = 1e-12
"""The same as a share of the price, for prices that a float cannot tell apart any more."""


def place(
    demand: Demand,
    usage: Usage,
    client_site: str | None = None,
    without: Collection[str] = (),
    *,
    is_explained: bool = True,
    is_lasting: bool = False,
) -> Assignment | Unplaceable:
    """Choose the cheapest node that meets every requirement, and the variant to run there.

    Cheapest by the sum of the money that the replica adds and its latency penalty. Equal prices go to the
    lower node name, then to the variant that the user names first, so the order of nodes and pods never
    changes the answer. `usage` is only read.

    Parameters
    ----------
    without
        Nodes that are out of the question, and that nothing is said about.
    is_explained
        Whether an assignment tells of the other nodes, too: the runner-up, who is refused, and who comes
        closest. That takes as long as the choice itself.
    is_lasting
        Whether room in a node that is paid anyway counts: `fogline.placement.elsewhere.lasting_price`.
    """
    found = _Found.of(demand, usage, client_site)
    allowed = found.feasible(without)
    best = found.cheapest(allowed, [one.lasting_price for one in found.sweeps] if is_lasting else None)
    if best is None:
        return _unplaceable(found)
    if not is_explained:
        return found.assignment(best)
    feasible = np.logical_or.reduce(allowed)
    second = found.cheapest(found.feasible({*without, usage.nodes[best.row].name}))
    return replace(
        found.assignment(best),
        runner_up=found.offer(second) if second else None,
        feasible=int(feasible.sum()),
        refused=tuple(found.refused()),
        counterfactual=_counterfactual(found, best),
    )


def find_place(
    demand: Demand, usage: Usage, client_site: str | None, without: Collection[str]
) -> Assignment | None:
    """Choose as `place` does, for who asks about many replicas: nothing is said about why, or why not."""
    found = _Found.of(demand, usage, client_site)
    best = found.cheapest(found.feasible(without))
    return found.assignment(best) if best else None


def assume(assignment: Assignment, demand: Demand, usage: Usage) -> Pod:
    """Count an assignment of this demand as if its pod were there already."""
    requests = next(one.requests for one in demand.variants if one.name == assignment.variant)
    replica = ReplicaOf(demand.model, assignment.variant, assignment.client_site)
    return usage.assume(replica, assignment.node, requests)


@dataclass(frozen=True, slots=True)
class _Place:
    """A node for a variant, both by number."""

    price: float
    row: int
    variant: int


@dataclass(frozen=True, slots=True)
class _Found:
    """The question, and what was found for each variant."""

    demand: Demand
    usage: Usage
    client_site: str | None
    sweeps: Sequence[Sweep]

    @classmethod
    def of(cls, demand: Demand, usage: Usage, client_site: str | None) -> "_Found":
        """Judge all nodes for all variants."""
        return cls(
            demand, usage, client_site, [sweep(demand, one, client_site, usage) for one in demand.variants]
        )

    def feasible(self, without: Collection[str] = ()) -> list[Bools]:
        """Mask the nodes that meet every requirement and are not among these, for each variant."""
        masks, row_of = [swept.is_feasible for swept in self.sweeps], self.usage.columns.row_of
        rows = [row_of[name] for name in without if name in row_of]
        for mask in masks:
            mask[rows] = False
        return masks

    def cheapest(self, allowed: Sequence[Bools], prices: Sequence[Floats] | None = None) -> _Place | None:
        """Find the cheapest of the allowed places; None when none is allowed."""
        given = prices or [swept.price for swept in self.sweeps]
        rows = [np.flatnonzero(mask) for mask in allowed]
        asked = [price[there] for price, there in zip(given, rows, strict=True)]
        least = min((float(one.min(initial=np.inf)) for one in asked), default=np.inf)
        if least == np.inf:
            return None
        limit = least + max(_SAME, _PRECISION * least)
        equal = [there[price <= limit] for price, there in zip(asked, rows, strict=True)]
        row, variant = min((int(there[0]), number) for number, there in enumerate(equal) if len(there))
        return _Place(float(given[variant][row]), row, variant)

    def option(self, place: _Place) -> Option:
        """Give the way to place one replica that a place stands for."""
        node, variant = self.usage.nodes[place.row], self.sweeps[place.variant].variant
        return Option(self.demand, variant, self.client_site, node)

    def offer(self, place: _Place) -> Offer:
        """Give what a place costs, to the last digit."""
        return offer(self.option(place), self.usage)

    def assignment(self, best: _Place) -> Assignment:
        """Give the answer without anything about other nodes."""
        return Assignment(
            model=self.demand.model,
            client_site=self.client_site,
            tier=self.sweeps[best.variant].variant.tier,
            offer=self.offer(best),
            runner_up=None,
            feasible=1,
            refused=(),
            counterfactual=None,
        )

    def refused(self) -> Iterator[Refused]:
        """Count the refused nodes by the first requirement that the variant which comes closest breaks."""
        distances = [swept.distance for swept in self.sweeps]
        closest = reduce(np.minimum, distances)
        first = NONE - (closest & 255).astype(np.uint8)
        first[closest >= UNSERVED] = RANKS[Reason.TIER_NOT_SERVED]
        counts = np.bincount(first)[: len(REFUSALS)]
        for rank in np.flatnonzero(counts)[::-1].tolist():
            row = int((first == rank).argmax())
            if REFUSALS[rank] is Reason.TIER_NOT_SERVED:
                example = tier_not_served(self.demand, self.usage.nodes[row])
            else:
                nearest = min(range(len(distances)), key=lambda variant: int(distances[variant][row]))
                example = first_refusal(self.option(_Place(0.0, row, nearest)), self.usage)
            yield Refused(int(counts[rank]), example)


def _unplaceable(found: _Found) -> Unplaceable:
    short = found.cheapest([(swept.broken == 1) & _is_about_room(swept.first) for swept in found.sweeps])
    waits_in = found.sweeps[short.variant].variant if short else _may_wait(found.demand, found.usage)
    return Unplaceable(
        model=found.demand.model,
        variant=waits_in.name,
        client_site=found.client_site,
        refused=tuple(found.refused()),
        only_room=short is not None,
        counterfactual=_counterfactual(found, None),
    )


def _counterfactual(found: _Found, best: _Place | None) -> Counterfactual | None:
    """Find the node that would be chosen if one requirement were met, the cheapest first.

    A node that is too far, or that nobody knows the distance to, is priced as if it were at the maximum.
    """
    at_maximum = penalty_at_maximum(found.demand.latency)
    prices = [_price_if_near(swept, float(at_maximum)) for swept in found.sweeps]
    place = found.cheapest([swept.broken == 1 for swept in found.sweeps], prices)
    if place is None or (best and place.price >= best.price - _SAME):
        return None
    option = found.option(place)
    lacking, there, saving = lacks(option, found.usage), found.offer(place), None
    if best:
        is_far = RANKS[lacking[0].reason] in _TOO_FAR
        price = there.cost_per_hour + (at_maximum if is_far else there.latency_penalty)
        saving = found.offer(best).price - price
    return Counterfactual(option.variant.name, lacking, saving)


def _price_if_near(swept: Sweep, at_maximum: float) -> Floats:
    """Price all nodes, those that are too far by the penalty at the maximum."""
    unknown, far = _TOO_FAR
    penalty = swept.penalty.copy()
    penalty[(swept.first == unknown) | (swept.first == far)] = at_maximum
    return swept.cost + penalty


def _is_about_room(first: Ranks) -> Bools:
    refused, short = _ROOM
    about_room: Bools = (first == refused) | (first == short)
    return about_room


def _may_wait(demand: Demand, usage: Usage) -> VariantDemand:
    """Give the first variant whose tier may take one more replica, else the first one."""
    held = usage.of(demand.model).per_tier
    for variant in demand.variants:
        full = held[variant.tier] >= demand.tier_maxima.get(variant.tier, demand.replicas)
        if not full and not is_reserved(demand, variant.tier, usage):
            return variant
    return demand.variants[0]
