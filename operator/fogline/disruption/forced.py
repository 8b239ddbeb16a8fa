"""Replicas that have to leave their node, whatever it costs."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from fogline.conditions import Reason
from fogline.disruption.health import why_leave
from fogline.disruption.limits import PodKey, over_limits
from fogline.disruption.proposals import DATA_RULES, Proposal
from fogline.placement import (
    Assignment,
    Demand,
    Usage,
    assume,
    leaving,
    place,
    place_elsewhere,
    policy_refusals,
)
from fogline.snapshot import Pod, Replica


def forced_moves(
    demand: Demand,
    replicas: Iterable[Replica],
    crowded_out: Mapping[PodKey, Reason],
    usage: Usage,
    cool: datetime,
) -> list[Proposal]:
    """Find the replicas of a model that have to leave, and a place for each.

    What is on a node that is not Ready stays there for now: nobody can tell how it fares.

    Parameters
    ----------
    replicas
        Those that run and are not leaving yet.
    crowded_out
        Replicas, of any model, that leave over-committed nodes.
    usage
        Is brought up to date: it counts each replacement, and no more the replica that it replaces.
    cool
        Replicas that moved before this time may go back to the node that they left.
    """
    by_limit = over_limits(demand, usage)
    found: list[Proposal] = []
    for replica in replicas:
        key = (replica.namespace, replica.name)
        pod = pod_of(replica, demand, usage)
        if pod is None or not usage.node(pod.node).ready:
            continue
        by_node = crowded_out.get(key) or why_leave(usage.node(pod.node))
        reason = _broken_rule(demand, pod, usage) or by_node or by_limit.get(key)
        if reason is None:
            continue
        proposal = _propose(demand, replica, pod, reason, usage, cool)
        found.append(proposal)
        if isinstance(proposal.answer, Assignment):
            usage.release(pod)
            assume(proposal.answer, demand, usage)
    return found


def has_to_leave(demand: Demand, replica: Replica, usage: Usage) -> bool:
    """Tell whether a replica cannot stay where it runs, or is where nobody can tell how it fares.

    What leaves because there is too much of it in one place is not meant.
    """
    pod = pod_of(replica, demand, usage)
    if pod is None:
        return replica.node is not None and not usage.knows(replica.node)
    node = usage.node(pod.node)
    return not node.ready or bool(_broken_rule(demand, pod, usage) or why_leave(node))


def pod_of(replica: Replica, demand: Demand, usage: Usage) -> Pod | None:
    """Find the pod of a replica; None when it does not count for its model or its node is gone."""
    found = usage.of(demand.model).replicas.get((replica.namespace, replica.name))
    return found[0] if found else None


def _propose(
    demand: Demand, replica: Replica, pod: Pod, reason: Reason, usage: Usage, cool: datetime
) -> Proposal:
    """Find a place; the node that the replica has just left is taken only if there is no other.

    The successor of a replica whose variant left the spec may run beside it.
    """
    if reason is Reason.VARIANT_LEFT:
        return Proposal(replica, reason, place(demand, leaving(usage, pod), replica.client_site))
    move = replica.came_by
    if move is None or move.started_at <= cool or reason in DATA_RULES:
        return Proposal(replica, reason, place_elsewhere(demand, usage, pod))
    elsewhere = place_elsewhere(demand, usage, pod, [move.source])
    back = place_elsewhere(demand, usage, pod)
    if isinstance(elsewhere, Assignment) or not isinstance(back, Assignment):
        return Proposal(replica, reason, elsewhere)
    return Proposal(replica, reason, back, not_before=move.started_at)


def _broken_rule(demand: Demand, pod: Pod, usage: Usage) -> Reason | None:
    if pod.replica is None:
        return None
    if demand.variant(pod.replica.variant) is None:
        return Reason.VARIANT_LEFT
    broken = policy_refusals(demand, pod.replica, usage.node(pod.node), usage)
    return broken[0].reason if broken else None
