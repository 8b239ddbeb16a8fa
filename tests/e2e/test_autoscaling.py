"""A HorizontalPodAutoscaler scales a model by the CPU that it uses, up and down, and no request is lost."""

from collections import Counter
from collections.abc import Iterator

import pytest
from dev import client, digits, libyaml
from dev.client import Asker
from dev.engine import Engine
from dev.metrics_server import install_metrics_server
from dev.paths import ROOT
from tests.support.kind_cluster import Cluster, Manifest

pytestmark = pytest.mark.timeout(600)
EXAMPLE = ROOT / "examples" / "scaling" / "hpa.yaml"
CLOUD_MAXIMUM, EDGE_MAXIMUM = 1, 2
ROOM = CLOUD_MAXIMUM + EDGE_MAXIMUM
WANTED_AT_MOST = ROOM + 1
CPU_OF_A_REPLICA = "50m"
CPU_TARGET_PERCENT = 40
CLIENTS = 4
SCALE_LIMIT_SECONDS = 240.0
"""Usage is measured every 10 s, and the autoscaler looks at it every 5 s, by default every 15 s."""


@pytest.fixture(scope="module", autouse=True)
def _metrics_server(docker: Engine) -> None:
    install_metrics_server(docker)


@pytest.fixture
def asker(cluster: Cluster) -> Iterator[Asker]:
    """Serve a model that an autoscaler scales, and ask it now and then as long as the test runs."""
    cluster.apply(model(cluster))
    cluster.apply(autoscaler(cluster))
    cluster.wait_until_ready(1)
    with client.asking(digits.trained(), [host(cluster), "--pause=0.2"], cluster.namespace) as asker:
        yield asker


def test_load_brings_replicas_within_the_limits_of_each_tier_and_they_go_when_it_is_over(
    cluster: Cluster, asker: Asker
) -> None:
    hosts = [host(cluster)] * CLIENTS
    with client.asking(digits.trained(), hosts, cluster.namespace, "load") as load:
        cluster.wait(
            lambda: wanted(cluster) == WANTED_AT_MOST and serving(cluster) == ROOM,
            "as many replicas as the tiers may have",
            SCALE_LIMIT_SECONDS,
        )
        cluster.wait(
            lambda: "TierMaximumReached" in cluster.condition("Placed")[2], "the condition names the limit"
        )
        under_load = load.asked_by_now()

    cluster.wait(lambda: wanted(cluster) == 1, "the autoscaler wants one replica", SCALE_LIMIT_SECONDS)
    cluster.wait_until_ready(1)

    for asked in (under_load, asker.asked_by_now()):
        assert (asked["failed"], asked["wrong"], asked["failures"]) == (0, 0, [])


def model(cluster: Cluster) -> Manifest:
    """Say nothing of replicas, as a manifest should whose model is scaled by somebody else."""
    manifest = cluster.digits(cloud={"maxReplicas": CLOUD_MAXIMUM}, edge={"maxReplicas": EDGE_MAXIMUM})
    del manifest["spec"]["replicas"]
    for variant in manifest["spec"]["variants"]:
        variant["resources"]["requests"]["cpu"] = CPU_OF_A_REPLICA
    return manifest


def autoscaler(cluster: Cluster) -> Manifest:
    """Give that of the example, which scales down as soon as usage falls."""
    document = dict(libyaml.load(EXAMPLE.read_text()))
    document["metadata"]["namespace"] = cluster.namespace
    document["spec"] |= {"minReplicas": 1, "maxReplicas": WANTED_AT_MOST}
    document["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] = CPU_TARGET_PERCENT
    document["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"] = 0
    return document


def host(cluster: Cluster) -> str:
    """Give the name by which clients in the cluster find the model."""
    return f"digits.{cluster.namespace}.svc"


def wanted(cluster: Cluster) -> int:
    """Read what the autoscaler asks for."""
    return int(cluster.model()["spec"]["replicas"])


def serving(cluster: Cluster) -> int:
    """Count the replicas that serve, and hold those on nodes against the limit of each tier."""
    placed = [pod for pod in cluster.pods() if pod["spec"].get("nodeName")]
    by_tier = Counter(pod["metadata"]["labels"]["fogline.dev/variant"] for pod in placed)
    assert by_tier["cloud"] <= CLOUD_MAXIMUM
    assert by_tier["edge"] <= EDGE_MAXIMUM
    return int(cluster.model()["status"]["readyReplicas"])
