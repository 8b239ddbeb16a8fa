"""Make instances: a cluster from scratch, and one that has run for a while when things happen to it."""

from random import Random

from dev.instances.events import strike
from dev.instances.instance import SIZES, Instance
from dev.instances.models import FEW_BIG, MANY_SMALL, Load, make_models
from dev.instances.nodes import make_nodes
from fogline.placement.optimiser import optimise
from fogline.snapshot import Pod, ReplicaOf, Snapshot


def from_scratch(size: str, seed: int = 1) -> Instance:
    """Make a cluster without a replica, and models that want many small replicas.

    Parameters
    ----------
    size
        One of `SIZES`.
    """
    return _made(f"{size}-{SIZES[size]}", size, MANY_SMALL, seed)


def few_big(size: str, seed: int = 1) -> Instance:
    """Make a cluster without a replica, and models that want few replicas, which nearly fill a node."""
    return _made(f"{size}-{SIZES[size]}-big", size, FEW_BIG, seed)


def settled(size: str, seed: int = 1) -> Instance:
    """Make a cluster whose replicas run where the optimiser puts them."""
    return settle(from_scratch(size, seed))


def rebalance(size: str, seed: int = 1) -> Instance:
    """Make a settled cluster, and let nodes be drained and shrink, prices change and demand drift."""
    return after_events(settled(size, seed), seed)


def after_events(instance: Instance, seed: int = 1) -> Instance:
    """Let the same happen to a cluster that is settled already."""
    return strike(instance, Random(f"{instance.name}/{seed}"))  # noqa: S311  a cluster is no secret


def _made(name: str, size: str, load: Load, seed: int) -> Instance:
    random = Random(f"{size}/{seed}")  # noqa: S311  a cluster is no secret
    nodes = tuple(make_nodes(SIZES[size], random))
    return Instance(name, tuple(make_models(nodes, load, random)), Snapshot(nodes))


def settle(instance: Instance) -> Instance:
    """Put the replicas where the optimiser puts them."""
    found = optimise(instance.demands, instance.snapshot)
    requests = {
        (demand.model, variant.name): variant.requests
        for demand in instance.demands
        for variant in demand.variants
    }
    pods = tuple(
        Pod(
            namespace=one.model.namespace,
            name=f"{one.model.name}-{one.variant}-{number:05}",
            node=one.node,
            requests=requests[one.model, one.variant],
            replica=ReplicaOf(one.model, one.variant, one.client_site),
        )
        for number, one in enumerate(found.placed)
    )
    return Instance(f"{instance.name}-settled", instance.models, Snapshot(instance.snapshot.nodes, pods))
