"""The requirements of one replica as masks: every option against every class of nodes at once.

They say the same as ``artifact``, `fogline.placement.requirements.POLICY` and ``STATE`` do for one option
and one node.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from fogline.api import Billing, Tier
from fogline.placement.demand import Architectures, Demand, VariantDemand
from fogline.placement.optimiser.problem import Bools, Floats
from fogline.snapshot import Node
from fogline.units import Amounts

V = TypeVar("V")

Choice = tuple[Demand, VariantDemand, str | None]
"""A demand, one of its variants, and the client site that is served."""


def allowed(choices: Sequence[Choice], nodes: Sequence[Node]) -> Bools:
    """Tell which nodes each choice may run on, room and limits aside."""
    is_open = np.array([takes_new(node) for node in nodes], dtype=bool)
    mask = np.broadcast_to(is_open, (len(choices), len(nodes))).copy()
    mask &= ~np.array([variant.is_awaited for _, variant, _ in choices], dtype=bool)[:, None]
    clearance = np.array([node.clearance.rank for node in nodes], dtype=np.int64)
    mask &= (
        np.array([one.data_sensitivity.rank for one, _, _ in choices], dtype=np.int64)[:, None] <= clearance
    )
    mask &= _by_value(choices, nodes, _variant_tier, lambda node, tier: node.tier is tier)
    mask &= _by_value(
        choices, nodes, _regions, lambda node, regions: regions is None or node.region in regions
    )
    mask &= _by_value(choices, nodes, _architectures, lambda node, known: node.architecture in known)
    mask &= _by_value(
        choices, nodes, _accelerators, lambda node, known: known is None or node.accelerator_type in known
    )
    mask &= _by_value(
        choices, nodes, _selector, lambda node, wanted: all(node.labels.get(k) == v for k, v in wanted)
    )
    return mask & _near_enough(choices, latencies(choices, nodes))


def latencies(choices: Sequence[Choice], nodes: Sequence[Node]) -> Floats:
    """Give the round trips between the client site of each choice and each node, in ms; NaN when unknown."""
    sites: dict[str | None, Floats] = {}
    for _, _, site in choices:
        if site not in sites:
            known = [node.latency_from(site) for node in nodes]
            sites[site] = np.array([np.nan if one is None else one for one in known], dtype=np.float64)
    return np.array([sites[site] for _, _, site in choices], dtype=np.float64).reshape(
        len(choices), len(nodes)
    )


def latency_costs(choices: Sequence[Choice], milliseconds: Floats) -> Floats:
    """Give the US dollars per hour that the latency above the target counts for.

    A node of unknown latency counts as the worst known one, and as twice the target at least.
    """
    known = np.where(np.isnan(milliseconds), 0, milliseconds)
    worst = known.max(axis=1, initial=0)
    costs = np.zeros(milliseconds.shape)
    for row, (demand, _, _) in enumerate(choices):
        target = demand.latency.target_milliseconds
        if target is not None:
            counted = np.where(np.isnan(milliseconds[row]), max(worst[row], 2 * target), milliseconds[row])
            costs[row] = float(demand.latency.penalty_per_millisecond) * np.maximum(0, counted - target)
    return costs


def share_costs(choices: Sequence[Choice], nodes: Sequence[Node]) -> Floats:
    """Give the US dollars per hour of the share of each node that each choice would use.

    0 on nodes billed by Node.
    """
    costs = np.zeros((len(choices), len(nodes)))
    by_share = np.array([node.billing is Billing.SHARE for node in nodes], dtype=bool)
    price = np.array([float(node.cost_per_hour) for node in nodes], dtype=np.float64)
    room: dict[str, Floats] = {}
    for row, (_, variant, _) in enumerate(choices):
        share = np.zeros(len(nodes))
        for resource, amount in variant.requests.items():
            if resource not in room:
                room[resource] = amounts_of(resource, [node.allocatable for node in nodes])
            has = room[resource]
            share = np.maximum(
                share, np.where(has > 0, amount / np.where(has > 0, has, 1), float(amount > 0))
            )
        costs[row] = np.where(by_share, np.minimum(share, 1) * price, 0)
    return costs


def amounts_of(resource: str, each: Sequence[Amounts]) -> Floats:
    """Collect the amounts of one resource; 0 where there is none."""
    return np.array([amounts.get(resource, 0) for amounts in each], dtype=np.float64)


def takes_new(node: Node) -> bool:
    """Tell whether the state of a node lets anything new come."""
    return node.ready and not node.cordoned and not node.repelling_taints


def _by_value(
    choices: Sequence[Choice],
    nodes: Sequence[Node],
    value_of: Callable[[Choice], V],
    holds: Callable[[Node, V], bool],
) -> Bools:
    """Ask a question that few values decide once per value, not once per choice."""
    rows: dict[V, Bools] = {}
    for choice in choices:
        value = value_of(choice)
        if value not in rows:
            rows[value] = np.array([holds(node, value) for node in nodes], dtype=bool)
    found = [rows[value_of(choice)] for choice in choices]
    return np.array(found, dtype=bool).reshape(len(choices), len(nodes))


def _near_enough(choices: Sequence[Choice], milliseconds: Floats) -> Bools:
    maxima = [demand.latency.maximum_milliseconds for demand, _, _ in choices]
    most = np.array([np.inf if one is None else one for one in maxima], dtype=np.float64)[:, None]
    near: Bools = milliseconds <= most  # unknown is NaN, which is below nothing
    passes: Bools = np.isinf(most) | near
    return passes


def _variant_tier(choice: Choice) -> Tier:
    return choice[1].tier


def _regions(choice: Choice) -> frozenset[str] | None:
    return choice[0].allowed_regions


def _architectures(choice: Choice) -> Architectures:
    return choice[1].architectures


def _accelerators(choice: Choice) -> frozenset[str] | None:
    return choice[1].accelerator_types


def _selector(choice: Choice) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(choice[0].node_selector.items()))
