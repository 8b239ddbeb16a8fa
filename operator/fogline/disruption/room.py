"""Moves in the books: a victim holds its room and counts no more, its replacement counts where it will be."""

from collections.abc import Sequence

from fogline.disruption.roles import Underway
from fogline.placement import Demand, Option, Usage, refusals
from fogline.placement.explain import describe
from fogline.snapshot import Move, Pod, Replica, ReplicaOf
from fogline.units import Amounts


def release(replicas: Sequence[Replica], usage: Usage) -> None:
    """Stop counting replicas for their model: they are on their way out, but hold their room."""
    leaving = {(replica.namespace, replica.name) for replica in replicas}
    for model in {replica.model for replica in replicas}:
        for pod, _ in usage.replicas_of(model):
            if (pod.namespace, pod.name) in leaving:
                usage.release(pod)


def claim(demand: Demand, underway: Sequence[Underway], usage: Usage) -> tuple[Pod, ...]:
    """Count the replacements that have no node yet where they are to go; return what stands for them."""
    pods: list[Pod] = []
    for one in underway:
        variant = demand.variant(one.move.variant)
        if one.replacement is None and variant is not None:
            replica = ReplicaOf(demand.model, variant.name, one.move.client_site)
            pods.append(usage.assume(replica, one.move.target, variant.requests))
    return tuple(pods)


def obstacle(demand: Demand, move: Move, usage: Usage, requests: Amounts | None = None) -> str:
    """Say why the target of a move does not take its replacement; empty when it does.

    Parameters
    ----------
    usage
        In which the victim does not count for its model.
    requests
        What the pod really requests; None: as the spec says.
    """
    narrowed = demand.narrowed_to(move.variant, requests)
    if not narrowed.variants:
        return f"variant {move.variant} left the spec"
    if not usage.knows(move.target):
        return f"node {move.target} is gone"
    option = Option(narrowed, narrowed.variants[0], move.client_site, usage.node(move.target))
    if option.variant.tier is not option.node.tier:
        return f"node {move.target} is of another tier"
    return next((describe(one) for one in refusals(option, usage)), "")
