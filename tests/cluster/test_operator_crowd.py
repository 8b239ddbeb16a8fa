"""Many replicas with many rules on many nodes: nobody is where it may not be, and nobody waits in vain."""

import asyncio
from collections import Counter
from collections.abc import Iterable

import msgspec
import pytest
from tests.support import crowd, oracle
from tests.support.history import gates
from tests.support.wait import wait_for
from tests.support.world import World
from tests.support.world_nodes import TEST_LABEL

from fogline import snapshot
from fogline.api import ModelDeployment, parse
from fogline.cluster import objects
from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODES, PODS
from fogline.config import Settings
from fogline.names import GATE
from fogline.observe import to_node, to_pod

pytestmark = pytest.mark.usefixtures("operator")

LIMIT_SECONDS = 500
"""The controller manager makes 20 pods a second; the machine may be busy."""


async def test_every_replica_of_a_crowd_is_bound_where_all_rules_hold(world: World) -> None:
    await fill(world)
    await wait_for(lambda: is_settled(world), "every model is decided", LIMIT_SECONDS, every_seconds=1)
    nodes, pods = await nodes_of(world), await pods_of(world)
    there = tuple(one for pod in pods if (one := to_pod(msgspec.convert(pod, objects.Pod))))
    models = {name: parse(await world.model(name)) for name in crowd.MODELS}

    replicas = [pod for pod in there if pod.replica]
    assert len(replicas) > 300
    for pod in replicas:
        assert broken_by(pod, models, nodes, there) == set(), pod
    assert over_committed(nodes, there) == []
    for name, model in models.items():
        assert_nobody_waits_in_vain(model, oracle.World(model, nodes, there), waiting(pods, name))


async def fill(world: World) -> None:
    """Add nodes, neighbours and models."""
    await asyncio.gather(*(map(world.client.create, crowd.crowd_nodes(world.namespace, TEST_LABEL))))
    await wait_for(lambda: are_ready(world), "all nodes are Ready", LIMIT_SECONDS, every_seconds=1)
    await asyncio.gather(*(map(world.client.create, crowd.neighbours(world.namespace))))
    for name, spec in crowd.MODELS.items():
        placement = {"onNoFit": "Wait", **spec.get("placement", {})}
        await world.apply_model(name, **{**spec, "placement": placement})


async def are_ready(world: World) -> bool:
    return sum(node.ready for node in await nodes_of(world)) == crowd.NODES


async def is_settled(world: World) -> bool:
    """Tell whether every pod has its node, or waits because none is left for it."""
    for name, spec in crowd.MODELS.items():
        placed = await world.condition("Placed", name)
        if (placed["status"], placed["reason"]) not in {("True", "AllPlaced"), ("False", "NoFit")}:
            return False
        found = await world.pods(name)
        gated = [pod for pod in found if GATE in gates(pod)]
        bound = [pod for pod in found if pod["spec"].get("nodeName")]
        if len(found) != spec["replicas"] or len(gated) + len(bound) != len(found):
            return False
        if bool(gated) != (placed["status"] == "False"):
            return False
    return True


async def nodes_of(world: World) -> tuple[snapshot.Node, ...]:
    listing = await world.client.list(NODES, objects.Node, label_selector=f"{TEST_LABEL}={world.namespace}")
    return tuple(to_node(node, Settings()) for node in listing.items)


async def pods_of(world: World) -> list[Document]:
    return list((await world.client.list(PODS, namespace=world.namespace)).items)


def broken_by(
    pod: snapshot.Pod,
    models: dict[str, ModelDeployment],
    nodes: tuple[snapshot.Node, ...],
    there: tuple[snapshot.Pod, ...],
) -> set[str]:
    """Name the rules that a replica would break if it were the last to come."""
    assert pod.replica
    model = models[pod.replica.model.name]
    variant = next(one for one in model.spec.variants if one.name == pod.replica.variant)
    others = oracle.World(model, nodes, tuple(one for one in there if one is not pod))
    return oracle.broken(others, variant, others.node(pod.node), pod.replica.client_site)


def over_committed(nodes: Iterable[snapshot.Node], there: Iterable[snapshot.Pod]) -> list[str]:
    """Name the nodes whose pods request more than they have."""
    used: dict[str, Counter[str]] = {}
    for pod in there:
        used.setdefault(pod.node, Counter()).update(pod.requests)
    return [
        node.name
        for node in nodes
        if any(amount > node.allocatable.get(name, 0) for name, amount in used.get(node.name, {}).items())
    ]


def waiting(pods: Iterable[Document], model: str) -> Counter[str]:
    """Count the gated pods of a model by variant."""
    labels = (pod["metadata"].get("labels", {}) for pod in pods if GATE in gates(pod))
    return Counter(one["fogline.dev/variant"] for one in labels if one.get("fogline.dev/model") == model)


def assert_nobody_waits_in_vain(model: ModelDeployment, now: oracle.World, waits: Counter[str]) -> None:
    sites: list[str | None] = [client.site for client in model.spec.placement.clients or ()] or [None]
    for variant in model.spec.variants:
        if waits[variant.name]:
            free = [
                (node.name, site)
                for node in now.nodes
                for site in sites
                if not oracle.broken(now, variant, node, site)
            ]
            assert free == [], f"{waits[variant.name]} of {variant.name} wait"
