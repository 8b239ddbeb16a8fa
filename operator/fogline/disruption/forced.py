"""Replicas that have to leave their node, whatever it costs."""

from collections.abc import Iterable

from fogline.conditions import Reason
from fogline.disruption.proposals import Proposal
from fogline.placement import Demand, Usage, assume, place, policy_refusals
from fogline.placement.alternatives import leaving
from fogline.placement.answers import Assignment
from fogline.snapshot import Pod, Replica, ReplicaOf


def forced_moves(demand: Demand, replicas: Iterable[Replica], usage: Usage) -> list[Proposal]:
    """Find the replicas of a model that have to leave, and a place for each.

    Parameters
    ----------
    replicas
        Those that run and are not leaving yet.
    usage
        Is brought up to date: it counts each replacement, and no more the replica that it replaces.
    """
    found: list[Proposal] = []
    for replica in replicas:
        pod = _pod_of(replica, demand, usage)
        reason = why_forced(demand, pod, usage) if pod else None
        if pod is None or reason is None:
            continue
        answer = place(demand, leaving(usage, pod), replica.client_site)
        found.append(Proposal(replica, reason, answer))
        if isinstance(answer, Assignment):
            usage.release(pod)
            assume(answer, demand, usage)
    return found


def why_forced(demand: Demand, pod: Pod, usage: Usage) -> Reason | None:
    """Say why a replica has to leave its node; None when it may stay."""
    node = usage.node(pod.node)
    broken = policy_refusals(demand, _serves(pod), node, usage)
    if broken:
        return broken[0].reason
    return Reason.NODE_CORDONED if node.cordoned else None


def _serves(pod: Pod) -> ReplicaOf:
    assert pod.replica is not None  # noqa: S101  it is a replica of a model
    return pod.replica


def _pod_of(replica: Replica, demand: Demand, usage: Usage) -> Pod | None:
    found = usage.of(demand.model).replicas.get((replica.namespace, replica.name))
    return found[0] if found else None
