"""Many replicas with many rules on many nodes: nobody is where it may not be, and nobody waits in vain."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, NODES, PODS
from fogline.conditions import ConditionType
from fogline.config import Settings
from fogline.names import GATE, MODEL_LABEL, VARIANT_LABEL
from fogline.observe import to_node, to_pod

pytestmark = pytest.mark.usefixtures("operator")

LIMIT_SECONDS = 500
"""The controller manager makes 20 pods a second; the machine may be busy."""


async def test_every_replica_of_a_crowd_is_bound_where_all_rules_hold(world: World) -> None:
    await fill(world)
    seen = await settled(world)
    replicas = [pod for pod in seen.there if pod.replica]
    assert len(replicas) > 300
    for pod in replicas:
        assert broken_by(pod, seen) == set(), pod
    assert over_committed(seen.nodes, seen.there) == []


@dataclass(frozen=True, slots=True)
class Sight:
    """The crowd at one moment."""

    nodes: tuple[snapshot.Node, ...]
    pods: list[Document]
    there: tuple[snapshot.Pod, ...]
    """The pods that have a node."""
    models: Mapping[str, ModelDeployment]


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


async def settled(world: World) -> Sight:
    """Wait until every pod has its node, or waits because none is left for it."""
    seen = await look(world)

    async def is_settled() -> bool:
        nonlocal seen
        seen = await look(world)
        return not any(undecided(seen, name) for name in crowd.MODELS) and not waiting_in_vain(seen)

    await wait_for(
        is_settled,
        "every model is decided, and nobody waits for what is free",
        LIMIT_SECONDS,
        every_seconds=1,
        seen=lambda: [name for name in crowd.MODELS if undecided(seen, name)] or waiting_in_vain(seen),
    )
    return seen


async def look(world: World) -> Sight:
    nodes = await nodes_of(world)
    pods = list((await world.client.list(PODS, namespace=world.namespace)).items)
    there = tuple(one for pod in pods if (one := to_pod(msgspec.convert(pod, objects.Pod))))
    models = map(parse, (await world.client.list(MODEL_DEPLOYMENTS, namespace=world.namespace)).items)
    return Sight(nodes, pods, there, {one.metadata.name: one for one in models})


async def nodes_of(world: World) -> tuple[snapshot.Node, ...]:
    listing = await world.client.list(NODES, objects.Node, label_selector=f"{TEST_LABEL}={world.namespace}")
    return tuple(to_node(node, Settings()) for node in listing.items)


def undecided(seen: Sight, name: str) -> bool:
    """Tell whether a model has yet to get its replicas, or they a decision."""
    placed = placed_of(seen.models[name])
    pods = [pod for pod in seen.pods if pod["metadata"].get("labels", {}).get(MODEL_LABEL) == name]
    gated = sum(GATE in gates(pod) for pod in pods)
    bound = sum(bool(pod["spec"].get("nodeName")) for pod in pods)
    expected = ("False", "NoFit") if gated else ("True", "AllPlaced")
    return placed != expected or not len(pods) == gated + bound == crowd.MODELS[name]["replicas"]


def placed_of(model: ModelDeployment) -> tuple[str, str] | None:
    """Give status and reason of the condition that tells whether all have their place."""
    conditions = model.status.conditions if model.status else ()
    return next(((one.status, one.reason) for one in conditions if one.type == ConditionType.PLACED), None)


def broken_by(pod: snapshot.Pod, seen: Sight) -> set[str]:
    """Name the rules that a replica would break if it were the last to come."""
    assert pod.replica
    model = seen.models[pod.replica.model.name]
    variant = next(one for one in model.spec.variants if one.name == pod.replica.variant)
    others = oracle.World(model, seen.nodes, tuple(one for one in seen.there if one is not pod))
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


def waiting_in_vain(seen: Sight) -> list[str]:
    """Tell of variants with replicas that wait although a node is free for one of them."""
    found = []
    for name, model in seen.models.items():
        waits, now = waiting(seen.pods, name), oracle.World(model, seen.nodes, seen.there)
        sites: list[str | None] = [client.site for client in model.spec.placement.clients or ()] or [None]
        for variant in model.spec.variants:
            free = [
                (node.name, site)
                for node in (now.nodes if waits[variant.name] else ())
                for site in sites
                if not oracle.broken(now, variant, node, site)
            ]
            if free:
                found.append(f"{waits[variant.name]} of {name}, {variant.name}: {free} are free")
    return found


def waiting(pods: Iterable[Document], model: str) -> Counter[str]:
    """Count the gated pods of a model by variant."""
    labels = (pod["metadata"].get("labels", {}) for pod in pods if GATE in gates(pod))
    return Counter(one[VARIANT_LABEL] for one in labels if one.get(MODEL_LABEL) == model)
