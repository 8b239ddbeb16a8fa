"""What model servers do on real nodes, and how far they are, as the collector and a probe measure it."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from dev import chart, client, digits, images
from dev.install import IMAGE, image_id, install_operator
from dev.paths import KIND_KUBECONFIG
from dev.steps import step
from tests.support.kind_cluster import INTERNAL_EDGE, OURS, Cluster
from tests.support.live_cli import fogline_on
from tests.support.wait import wait_for

from fogline.collector.measured import ROUNDS

ZONE = "topology.kubernetes.io/zone"
CLIENT_SITE = "plant-b"
"""Zone of an edge node, on which the probe runs."""
TOKEN = "fogline-probe"  # noqa: S105  the name of a Secret
LIKELY_MILLISECONDS = 250
"""All nodes are containers of one machine: whatever it does meanwhile, a connection takes no longer."""
PROBES = {
    "settings": {"scrapeSeconds": 5, "probeSeconds": 2},
    "probeTokenSecret": TOKEN,
    "probes": [
        {
            "clientSite": CLIENT_SITE,
            "nodeSelector": {ZONE: CLIENT_SITE},
        }
    ],
}


@pytest.fixture(scope="module", autouse=True)
def probes(shared_cluster: Cluster) -> Iterator[None]:
    """Install a probe on an edge node; nothing that it measured is left afterwards."""
    cluster, where = shared_cluster, f"--namespace={chart.NAMESPACE}"
    images.load_into(cluster.engine, "operator", INTERNAL_EDGE)
    token = f"--from-literal=token={secrets.token_hex(16)}"
    cluster.kubectl("create", "secret", "generic", TOKEN, token, where)
    try:
        with step("A probe", advice="look at `kubectl --namespace fogline-system get pods`") as during:
            values = ("--set-json", f"collector={json.dumps(PROBES)}")
            chart.install(during, image_id(cluster.engine, IMAGE), *values)
        yield
    finally:
        install_operator(cluster.engine)
        cluster.kubectl("delete", "nodeprofiles", "--selector=fogline.dev/measured")
        cluster.kubectl("delete", "secret", TOKEN, where)


async def measured() -> dict[str, Any]:
    """Read what ``fogline top --measured`` tells a program."""
    done = await fogline_on(KIND_KUBECONFIG)("top", "--measured", "--output=json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)["measured"]
    return found


async def told_of_requests(model: str, more_than: int) -> dict[str, Any]:
    """Wait until so many requests are told of: figures are those of the last round of scrapes."""
    found: dict[str, Any] = {}

    async def is_told() -> bool:
        nonlocal found
        found = await measured()
        return bool(model in found["models"] and found["models"][model]["requests"] > more_than)

    what = f"more than {more_than} requests are told of"
    await wait_for(is_told, what, every_seconds=1, seen=lambda: found)
    return found


async def test_load_shows_in_the_figures_of_each_device_tier_site_and_version(
    shared_cluster: Cluster,
) -> None:
    cluster = shared_cluster
    cluster.apply(cluster.digits(clients=[{"site": CLIENT_SITE}]))
    cluster.wait_until_ready(3)
    host = f"digits.{cluster.namespace}.svc"
    with client.asking(digits.trained(), [host, "--rate=10"], cluster.namespace) as asker:
        cluster.wait(lambda: asker.asked()["answered"] >= 300, "load")
        found = await told_of_requests(f"{cluster.namespace}/digits", 100)
        asked = asker.asked_by_now()
    assert asked["failed"] == 0

    model = found["models"][f"{cluster.namespace}/digits"]
    assert model["requests"] <= asked["answered"]
    own = [one for one in found["revisions"] if one["namespace"] == cluster.namespace]
    assert {(one["variant"], one["tier"], one["version"]) for one in own} == {
        ("cloud", "Cloud", "1"),
        ("edge", "Edge", "1"),
    }
    assert sum(one["figures"]["requests"] for one in own) == model["requests"]
    nodes = {pod["spec"]["nodeName"] for pod in cluster.pods()}
    groups = [
        *(found["tiers"][name] for name in ("Cloud", "Edge")),
        *(found["nodes"][name] for name in nodes),
        *(one["figures"] for one in own),
        model,
        found["total"],
    ]
    for one in [*groups, *found["sites"].values()]:
        latency = one["latencyMilliseconds"]
        assert one["throughputPerSecond"] > 0
        assert 0 < latency["p50"] <= latency["p99"]
        assert one["cpu"]["used"] > 0
        assert one["memory"]["ofRequested"] > 0
        assert one["errorRate"] == 0
    for name in nodes:
        assert 0 < found["nodes"][name]["cpu"]["ofAllocatable"] < 1
        assert 0 < found["nodes"][name]["memory"]["ofAllocatable"] < 1
    said = (await fogline_on(KIND_KUBECONFIG)("top", "--measured", "--details")).stdout
    assert f"{cluster.namespace}/digits" in said
    assert "MEASURED SITE" in said


async def test_what_a_probe_on_an_edge_node_measures_is_the_latency_that_decisions_count_for_its_clients(
    shared_cluster: Cluster,
) -> None:
    cluster = shared_cluster
    listed = cluster.kubectl.get("nodes")["items"]
    zones = {one["metadata"]["name"]: one["metadata"]["labels"].get(ZONE) for one in listed}
    sites = {zones[node] for node in cluster.nodes_of()}

    def written() -> dict[str, int]:
        """Give what profiles say of each site."""
        found = {}
        for one in cluster.read(f"{OURS}/nodeprofiles?labelSelector=fogline.dev/measured")["items"]:
            (latency,) = one["spec"]["latency"]
            assert latency["clientSite"] == CLIENT_SITE
            found[one["spec"]["nodeSelector"][ZONE]] = latency["milliseconds"]
        return found

    cluster.wait(lambda: written().keys() == sites, f"{ROUNDS} rounds of the probe")
    assert all(1 <= milliseconds <= LIKELY_MILLISECONDS for milliseconds in written().values())

    def is_placed_by_it() -> bool:
        placements = cluster.model()["status"]["placements"]
        return all(one["latencyMilliseconds"] == written()[zones[one["node"]]] for one in placements)

    cluster.wait(is_placed_by_it, "placements count what was measured")

    async def is_told() -> bool:
        told = await measured()
        decided = {site: one["decidedLatencyMilliseconds"] for site, one in told["sites"].items()}
        trips = {one["site"]: one for one in told["roundTrips"]}
        if not all(0 < (one["milliseconds"] or 0) <= LIKELY_MILLISECONDS for one in trips.values()):
            return False  # the last one may have been slow, or not have come back
        return decided == {site: one["writtenMilliseconds"] for site, one in trips.items()} == written()

    await wait_for(is_told, "what is told of each site is that, too", every_seconds=1)
