"""How clients reach replicas: one Service for all, and those of tiers and sites."""

from typing import Any

import pytest
from tests.support.builders import make_model, make_variant
from tests.support.live import stored
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import SERVICES, Kind
from fogline.names import ZONE_LABEL
from fogline.objects import services

pytestmark = pytest.mark.usefixtures("operator")

ENDPOINT_SLICES = Kind("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
BOTH_TIERS: dict[str, Any] = {
    "replicas": 2,
    "variants": [make_variant("cloud", "Cloud"), make_variant("edge", "Edge")],
    "placement": {"cloud": {"minReplicas": 1}, "edge": {"minReplicas": 1}},
}


async def reached(world: World, service: str) -> list[str]:
    """Name the nodes of the endpoints that serve behind a Service."""
    listing = await world.client.list(
        ENDPOINT_SLICES, namespace=world.namespace, label_selector=f"kubernetes.io/service-name={service}"
    )
    endpoints = [one for piece in listing.items for one in piece.get("endpoints") or ()]
    return sorted(one["nodeName"] for one in endpoints if one["conditions"]["ready"])


async def until_reached(world: World, service: str, nodes: list[str]) -> None:
    """Wait until a Service leads to the replicas on these nodes."""

    async def leads_there() -> bool:
        return await reached(world, service) == nodes

    await wait_for(leads_there, f"{service} leads to {nodes}")


async def add_both_tiers(world: World) -> tuple[str, str]:
    """Add a cloud node, and an edge node at plant-a."""
    cloud = await world.add_node("cloud", labels={ZONE_LABEL: "eu-central-a"})
    return cloud, await world.add_node("edge", "Edge", labels={ZONE_LABEL: "plant-a"})


async def test_one_service_leads_to_all_tiers_and_one_more_to_each_tier_on_request(world: World) -> None:
    cloud, edge = await add_both_tiers(world)
    await world.apply_model(**BOTH_TIERS, service={"perTier": True, "trafficDistribution": "PreferSameNode"})
    await world.until_ready(2)
    await until_reached(world, "digits", [cloud, edge])
    await until_reached(world, "digits-cloud", [cloud])
    await until_reached(world, "digits-edge", [edge])
    live: Any = await world.child(SERVICES, "digits")
    assert live["spec"]["trafficDistribution"] == "PreferSameNode"

    await world.edit_model({"service": {"perTier": False, "trafficDistribution": None}})
    await wait_for(lambda: _services_are(world, {"digits"}), "the Services of the tiers are gone")
    await wait_for(lambda: _goes_anywhere(world), "traffic goes to any replica again")


async def test_a_service_of_a_site_leads_to_the_replicas_there(world: World) -> None:
    _, edge = await add_both_tiers(world)
    await world.apply_model(**BOTH_TIERS)
    await world.until_ready(2)
    # as the operator writes it where Kubernetes has the labels of pods switched on by default
    owner: Any = await world.model()
    model = stored(
        make_model(namespace=world.namespace, service={"sites": ["plant-a"]}), uid=owner["metadata"]["uid"]
    )
    await world.client.apply({**services(model)[1], "metadata": {"name": "x", "namespace": world.namespace}})
    await until_reached(world, "x", [edge])


async def test_sites_are_refused_where_pods_do_not_get_the_labels_of_their_node(world: World) -> None:
    await world.add_node()
    await world.apply_model(service={"sites": ["plant-a"]})
    message = await world.until("Accepted", "False", "NotSupported")
    assert message.startswith("service.sites needs Kubernetes 1.35 or newer")
    await world.edit_model({"service": {"sites": None}})
    await world.until_ready(1)


async def test_a_service_of_somebody_else_is_left_alone_and_named(world: World) -> None:
    await add_both_tiers(world)
    theirs = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}}
    await world.client.create({**theirs, "metadata": {"name": "digits-edge", "namespace": world.namespace}})
    await world.apply_model(**BOTH_TIERS, service={"perTier": True})
    assert "Service digits-edge exists" in await world.until("Ready", "False", "NameTaken")
    await world.edit_model({"service": {"perTier": False}})
    await world.until_ready(2)
    left: Any = await world.child(SERVICES, "digits-edge")
    assert left["spec"]["ports"][0]["port"] == 80


async def _services_are(world: World, names: set[str]) -> bool:
    return {name for kind, name in await world.children() if kind == "Service"} == names


async def _goes_anywhere(world: World) -> bool:
    live: Any = await world.child(SERVICES, "digits")
    return "trafficDistribution" not in live["spec"]
