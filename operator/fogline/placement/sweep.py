"""Every requirement and the objective, put to all nodes at once for one variant.

It says of each node what `fogline.placement.requirements` and `fogline.placement.objective` say of one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fogline.conditions import Reason
from fogline.placement.answers import RANKS
from fogline.placement.columns import Bools, Columns, Floats
from fogline.placement.demand import Demand, VariantDemand
from fogline.placement.requirements import COST_ROUNDING, is_reserved
from fogline.placement.usage import Usage

Ranks = NDArray[np.uint8]
Distances = NDArray[np.uint16]

NONE = np.uint8(255)
"""No reason; above every rank."""
_OTHER_TIER = np.uint8(100)
"""More than there are requirements."""
UNSERVED = 256 * int(_OTHER_TIER)
"""A distance from which on the tier of the node is another than that of the variant."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one variant meets on each node."""

    variant: VariantDemand
    broken: Ranks
    """Number of requirements that the node breaks; far more where the tier is another."""
    first: Ranks
    """Rank of the first of them, `NONE` where nothing is broken."""
    cost: Floats
    """US dollars per hour that a replica adds to the bill."""
    share: Floats
    """US dollars per hour that the share of the node is worth which a replica uses, however it is billed."""
    penalty: Floats
    """US dollars per hour that the latency above the target counts for."""

    @property
    def is_feasible(self) -> Bools:
        """Whether each node meets every requirement."""
        feasible: Bools = self.broken == 0
        return feasible

    @property
    def distance(self) -> Distances:
        """How far each node is from being feasible: by how many requirements it breaks, then by the first.

        It is 0 for a feasible node, else 256 times their number, plus 255, less the rank of the first.
        """
        return self.broken.astype(np.uint16) * np.uint16(256) + (NONE - self.first)

    @property
    def price(self) -> Floats:
        """US dollars per hour, as the objective counts them."""
        return self.cost + self.penalty

    @property
    def lasting_price(self) -> Floats:
        """US dollars per hour, as `fogline.placement.elsewhere.lasting_price` counts them."""
        return np.maximum(self.cost, self.share) + self.penalty


def sweep(demand: Demand, variant: VariantDemand, client_site: str | None, usage: Usage) -> Sweep:
    """Judge all nodes for one more replica. `usage` is only read."""
    columns = usage.columns
    ruled = _ruled(demand, variant, client_site, columns)
    shares = _shares(variant, columns)
    broken, first = ruled.broken.copy(), ruled.first.copy()
    for reason, mask in _in_use(demand, variant, shares, usage):
        _break(reason, mask, broken, first)
    opening = np.where(usage.replicas() == 0, columns.price_to_open, 0.0)
    billed = np.where(columns.is_by_share, shares, opening)
    return Sweep(variant, broken, first, billed, shares, _penalties(demand, columns, client_site))


def _break(reason: Reason, mask: Bools, broken: Ranks, first: Ranks) -> None:
    """Count a requirement where it is broken.

    Without the argument ``where`` of NumPy, which goes through a mask of many short stretches slowly.
    """
    ones = mask.view(np.uint8)
    broken += ones
    np.minimum(first, NONE - ones * (NONE - np.uint8(RANKS[reason])), out=first)


@dataclass(frozen=True, slots=True)
class _Ruled:
    """What policy and state say, which do not depend on the pods."""

    broken: Ranks
    first: Ranks


def _ruled(demand: Demand, variant: VariantDemand, client_site: str | None, columns: Columns) -> _Ruled:
    """Judge all nodes by policy and state; models that ask for the same share the answer."""

    def judge() -> _Ruled:
        broken = np.zeros(len(columns), dtype=np.uint8)
        first = np.full(len(columns), NONE)
        for reason, mask in _rules(demand, variant, client_site, columns):
            _break(reason, mask, broken, first)
        broken[~columns.tier.among([variant.tier])] = _OTHER_TIER
        return _Ruled(broken, first)

    maximum = demand.latency.maximum_milliseconds
    question = (
        "ruled",
        demand.data_sensitivity,
        demand.allowed_regions,
        tuple(sorted(demand.node_selector.items())),
        maximum,
        None if maximum is None else client_site,
        variant.tier,
        variant.architectures,
        variant.accelerator_types,
        variant.is_awaited,
    )
    return columns.remember(question, judge)


def _rules(
    demand: Demand, variant: VariantDemand, client_site: str | None, columns: Columns
) -> Iterator[tuple[Reason, Bools]]:
    """Go through the requirements of policy and state."""
    regions, runs_on, made_for = demand.allowed_regions, variant.architectures, variant.accelerator_types
    if variant.is_awaited:
        yield Reason.ARTIFACT_AWAITED, np.ones(len(columns), dtype=bool)
    yield Reason.CLEARANCE_TOO_LOW, columns.clearance < demand.data_sensitivity.rank
    if regions is not None:
        yield Reason.REGION_NOT_ALLOWED, ~columns.region.among(regions)
    fitting = [one for one in columns.architecture.values if one in runs_on]
    yield Reason.ARCHITECTURE_NOT_SUPPORTED, ~columns.architecture.among(fitting)
    if made_for is not None:
        yield Reason.ACCELERATOR_NOT_SUPPORTED, ~columns.accelerator_type.among(made_for)
    if demand.node_selector:
        yield Reason.NODE_SELECTOR_MISMATCH, _mismatches(demand, columns)
    if (maximum := demand.latency.maximum_milliseconds) is not None:
        latencies = columns.latencies(client_site)
        yield Reason.LATENCY_UNKNOWN, np.isnan(latencies)
        yield Reason.LATENCY_ABOVE_MAXIMUM, latencies > maximum
    yield Reason.NODE_NOT_READY, columns.is_unready
    yield Reason.NODE_CORDONED, columns.is_cordoned
    yield Reason.TAINT_NOT_TOLERATED, columns.is_tainted


def _mismatches(demand: Demand, columns: Columns) -> Bools:
    mismatch = np.zeros(len(columns), dtype=bool)
    for label, wanted in demand.node_selector.items():
        mismatch |= ~columns.label(label).among([wanted])
    return mismatch


def _in_use(
    demand: Demand, variant: VariantDemand, shares: Floats, usage: Usage
) -> Iterator[tuple[Reason, Bools]]:
    """Go through the requirements that depend on what runs where."""
    columns, held = usage.columns, usage.of(demand.model)
    everywhere = np.ones(len(columns), dtype=bool)
    needs = [(resource, amount) for resource, amount in variant.requests.items() if amount]
    short = ~everywhere
    for resource, amount in needs:
        short |= usage.free(resource) < amount
    yield Reason.INSUFFICIENT_RESOURCE, short
    if avoided := usage.avoided(demand.model):
        yield Reason.REFUSED_BY_SCHEDULER, columns.are_among(avoided)
    if (shared_out := columns.is_shared_out).any():
        short = ~everywhere
        for resource, amount in needs:
            short |= usage.left_of_share(resource) < amount
        yield Reason.CAPACITY_SHARE_REACHED, short & shared_out
    if (limit := demand.max_per_node) is not None:
        yield Reason.MAX_PER_NODE_REACHED, held.by_row(columns) >= limit
    if (most := demand.max_per_zone) is not None:
        full = [zone for zone, count in held.per_zone.items() if count >= most]
        yield Reason.MAX_PER_ZONE_REACHED, columns.zone.among(full)
    if held.per_tier[variant.tier] >= demand.tier_maxima.get(variant.tier, held.per_tier[variant.tier] + 1):
        yield Reason.TIER_MAXIMUM_REACHED, everywhere
    if is_reserved(demand, variant.tier, usage):
        yield Reason.RESERVED_FOR_TIER_MINIMUM, everywhere
    if (dearest := demand.max_cost_per_hour) is not None:
        costs = usage.costs_with(demand.model, shares)
        yield Reason.COST_LIMIT_REACHED, costs > float(dearest + COST_ROUNDING)


def _shares(variant: VariantDemand, columns: Columns) -> Floats:
    """Give the price of the share of each node, as `fogline.placement.usage.share_cost`."""

    def count() -> Floats:
        largest = np.zeros(len(columns))
        for resource, amount in variant.requests.items():
            if amount:
                has = columns.allocatable(resource)
                largest = np.maximum(largest, np.where(has > 0, amount / np.maximum(has, 1), 1.0))
        return columns.price * np.minimum(largest, 1.0)

    return columns.remember(("shares", tuple(sorted(variant.requests.items()))), count)


def _penalties(demand: Demand, columns: Columns, client_site: str | None) -> Floats:
    """Give what the latency above the target counts for, as `fogline.placement.objective.latency_penalty`."""
    target, price = demand.latency.target_milliseconds, float(demand.latency.penalty_per_millisecond)
    if target is None:
        return np.zeros(len(columns))

    def count() -> Floats:
        latencies = columns.latencies(client_site)
        worst = max(columns.worst_latency(client_site) or 0, 2 * target)
        penalties: Floats = price * np.maximum(np.where(np.isnan(latencies), worst, latencies) - target, 0.0)
        return penalties

    return columns.remember(("penalties", client_site, target, price), count)
