"""Edge nodes that are cut off: replicas go on, clients elsewhere get stand-ins, the return is clean."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from tests.support.builders import make_variant
from tests.support.wait import wait_for
from tests.support.world import World
from tests.support.world_links import cut_link, restore_link

from fogline.cluster.kinds import PODS
from fogline.names import STANDS_IN_ANNOTATION

pytestmark = pytest.mark.usefixtures("operator")

CHEAP = {"fogline.dev/cost-per-hour": "0.1"}
DEAR = {"fogline.dev/cost-per-hour": "9"}
BOTH = [make_variant("cloud", "Cloud"), make_variant("edge", "Edge")]
EDGE = BOTH[1:]
COOL_DOWN_SECONDS = 3
SOON: dict[str, Any] = {
    "disruption": {"replaceAfterSeconds": 1},
    "rebalancing": {"cooldownSeconds": COOL_DOWN_SECONDS},
}


async def stand_ins(world: World, model: str = "digits") -> dict[str, str]:
    """Give the node of each stand-in, by the uid of its original."""
    found = {
        pod["metadata"].get("annotations", {}).get(STANDS_IN_ANNOTATION): pod["spec"].get("nodeName", "")
        for pod in await world.pods(model)
    }
    return {original: node for original, node in found.items() if original}


async def until_stand_ins(
    world: World, wanted: Mapping[str, str], *, replicas: int, model: str = "digits"
) -> None:
    """Wait until there are these stand-ins, and so many pods in all."""

    async def there() -> bool:
        pods = await world.pods(model)
        return await stand_ins(world, model) == wanted and len(pods) == replicas

    await wait_for(there, f"stand-ins are {dict(wanted)}")


def uids(pods: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Give the uid of the pod on each node. A gated one may come where a stand-in was deleted, and goes."""
    return {pod["spec"]["nodeName"]: pod["metadata"]["uid"] for pod in pods if "nodeName" in pod["spec"]}


async def test_clients_elsewhere_get_a_stand_in_that_goes_when_the_node_is_back_for_good(
    world: World,
) -> None:
    site = await world.add_node("site", "Edge", labels=CHEAP)
    cloud = await world.add_node("cloud", labels=DEAR)
    await world.apply_model(variants=BOTH, **SOON)
    await world.until_ready(1)
    original = uids(await world.pods())[site]

    await cut_link(world, site)
    await until_stand_ins(world, {original: cloud}, replicas=2)
    await world.until("Ready", "True")
    (placed,) = await world.until_told("StandInPlaced")
    assert placed.startswith(f"{site} is cut off")

    before = time.monotonic()
    await restore_link(world, site)
    await until_stand_ins(world, {}, replicas=1)
    seconds = time.monotonic() - before
    assert seconds > COOL_DOWN_SECONDS - 1, "the API server knows whole seconds only"
    assert uids(await world.pods()) == {site: original}
    await world.until_told("StandInOver")
    await world.until_ready(1)


async def test_there_is_no_stand_in_where_clearance_is_against_it(world: World) -> None:
    site = await world.add_node("site", "Edge", clearance="Internal", labels=CHEAP)
    cloud = await world.add_node("cloud", labels=DEAR)
    await world.apply_model("secret", variants=BOTH, placement={"dataSensitivity": "Internal"}, **SOON)
    await world.apply_model("plain", variants=BOTH, **SOON)
    await world.until_ready(1, "secret")
    await world.until_ready(1, "plain")
    original = uids(await world.pods("plain"))[site]
    await cut_link(world, site)
    await until_stand_ins(world, {original: cloud}, replicas=2, model="plain")
    await until_stand_ins(world, {}, replicas=1, model="secret")
    assert await world.nodes_of("secret") == [site]


async def test_the_return_of_one_site_takes_nothing_from_another_that_is_still_cut_off(world: World) -> None:
    sites = [await world.add_node(name, "Edge", cpu="1", labels=CHEAP) for name in ("site-a", "site-b")]
    spare = await world.add_node("spare", "Edge", labels=DEAR)
    await world.apply_model(variants=EDGE, replicas=2, **SOON)
    await world.until_ready(2)
    originals = uids(await world.pods())
    assert sorted(originals) == sites
    for site in sites:
        await cut_link(world, site)
    await until_stand_ins(world, dict.fromkeys(originals.values(), spare), replicas=4)

    await restore_link(world, sites[0])
    await until_stand_ins(world, {originals[sites[1]]: spare}, replicas=3)
    left = uids(await world.pods())
    assert {site: left[site] for site in sites} == originals

    await restore_link(world, sites[1])
    await until_stand_ins(world, {}, replicas=2)
    assert uids(await world.pods()) == originals


async def test_what_is_replaced_is_replaced_once_however_long_the_old_pod_takes_to_end(world: World) -> None:
    # Kubernetes evicts slowly, or not at all, in a zone in which many nodes of other tests are lost
    own_zone = {"topology.kubernetes.io/zone": world.node_name("zone")}
    site = await world.add_node("site", "Edge", labels={**CHEAP, **own_zone})
    cloud = await world.add_node("cloud", labels=DEAR)
    replaced = {"onEdgeUnreachable": "Replace", "replaceAfterSeconds": 1}
    await world.apply_model(variants=BOTH, disruption=replaced)
    await world.until_ready(1)
    (old,) = await world.pods()
    name = old["metadata"]["name"]
    # as the kubelet beyond a cut link: nobody there ends the pod
    await world.patch(PODS, name, {"metadata": {"finalizers": ["example.com/beyond-a-cut-link"]}})
    await cut_link(world, site)
    await world.until_on([cloud])
    await world.until_ready(1)
    listing = await world.client.list(PODS, namespace=world.namespace)
    ending = [pod["metadata"]["name"] for pod in listing.items if "deletionTimestamp" in pod["metadata"]]
    assert ending == [name]
    await restore_link(world, site)
    await world.patch(PODS, name, {"metadata": {"finalizers": None}})
    await wait_for(lambda: _is_gone(world, name), "the old pod ends")
    await world.until_ready(1)
    assert await stand_ins(world) == {}


async def _is_gone(world: World, pod: str) -> bool:
    return await world.child(PODS, pod) is None
