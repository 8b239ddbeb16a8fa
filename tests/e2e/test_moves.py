"""Replicas move while clients ask without a pause: no request is lost."""

import os
from collections.abc import Iterator

import pytest
from dev import client, digits
from dev.client import Asker
from tests.support.kind_cluster import INTERNAL_EDGE, RESTRICTED_EDGE, Cluster, Manifest, kill_operator

pytestmark = pytest.mark.timeout(1200)
MODELS = ("one", "two", "three")
MOVES = int(os.environ.get("FOGLINE_E2E_MOVES", "12"))
"""Moves of all models together at least."""
MOVE_LIMIT_SECONDS = 240.0
CLOUD = "fogline-worker"
PAUSE = "--pause=0.05"
"""Of each of the six clients: they leave the moves the processors."""


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Cluster:
    return shared_cluster


@pytest.fixture(scope="module")
def asker(shared_cluster: Cluster) -> Iterator[Asker]:
    """Ask three models of one replica each, by gRPC and by REST, as long as the tests of this file run."""
    cluster = shared_cluster
    for name in MODELS:
        cluster.apply(model(cluster, name))
    for name in MODELS:
        cluster.wait_until_ready(1, name)
    hosts = [f"{name}.{cluster.namespace}.svc" for name in MODELS]
    with client.asking(digits.trained(), [*hosts, PAUSE], cluster.namespace) as asker:
        yield asker


@pytest.fixture(autouse=True)
def no_request_is_lost(asker: Asker) -> Iterator[None]:
    """Hold every answer of the clients against what was asked."""
    before = asker.asked()
    yield
    after = asker.asked_by_now()
    assert after["failures"] == []
    assert (after["failed"], after["wrong"]) == (0, 0)
    assert all(after["by_target"][one] > before["by_target"][one] for one in before["by_target"])


@pytest.fixture(autouse=True)
def no_node_is_cordoned(cluster: Cluster) -> Iterator[None]:
    """Open all nodes again."""
    yield
    cluster.kubectl("uncordon", CLOUD, INTERNAL_EDGE, RESTRICTED_EDGE)


def test_moves_from_edge_to_cloud_and_back(cluster: Cluster) -> None:
    while completed(cluster) < MOVES:
        cluster.kubectl("cordon", INTERNAL_EDGE, RESTRICTED_EDGE)
        wait_until_on(cluster, [CLOUD])
        cluster.kubectl("uncordon", INTERNAL_EDGE, RESTRICTED_EDGE)
        cluster.kubectl("cordon", CLOUD)
        wait_until_on(cluster, [INTERNAL_EDGE, RESTRICTED_EDGE])
        cluster.kubectl("uncordon", CLOUD)


def test_a_drain_waits_for_the_replacements_and_then_goes_through(cluster: Cluster) -> None:
    (node, *_) = cluster.nodes_of("one")
    cluster.kubectl(
        "drain",
        node,
        "--ignore-daemonsets",
        "--delete-emptydir-data",
        "--timeout=150s",
        f"--pod-selector=fogline.dev/model in ({','.join(MODELS)})",
    )
    assert node not in {one for name in MODELS for one in cluster.nodes_of(name)}


def test_a_new_version_takes_over(cluster: Cluster) -> None:
    before = {pod["metadata"]["uid"] for name in MODELS for pod in cluster.pods(name)}
    for name in MODELS:
        manifest = model(cluster, name)
        for variant in manifest["spec"]["variants"]:
            variant["resources"]["requests"]["cpu"] = "60m"
        cluster.apply(manifest)
    for name in MODELS:
        cluster.wait_until_ready(1, name)
    assert not before & {pod["metadata"]["uid"] for name in MODELS for pod in cluster.pods(name)}


def test_an_operator_that_is_killed_while_replicas_move_goes_on_where_it_was(cluster: Cluster) -> None:
    left = {node for name in MODELS for node in cluster.nodes_of(name)}
    cluster.kubectl("cordon", *left)
    kill_operator(cluster)
    wait_until_on(cluster, sorted({INTERNAL_EDGE, RESTRICTED_EDGE, CLOUD} - left))


def model(cluster: Cluster, name: str) -> Manifest:
    """One replica, on an edge node as long as one takes it; it may go back to where it has just been."""
    manifest = cluster.digits(name, cloud={}, edge={})
    manifest["spec"] |= {"replicas": 1, "rebalancing": {"cooldownSeconds": 0}}
    for variant in manifest["spec"]["variants"]:
        variant["resources"]["requests"]["cpu"] = "50m"
    return manifest


def completed(cluster: Cluster) -> int:
    """Count the moves of all models."""
    return sum(cluster.model(name)["status"]["moves"]["completed"] for name in MODELS)


def wait_until_on(cluster: Cluster, wanted: list[str]) -> None:
    """Wait until every model is on one of these nodes, and none moves."""

    def is_there() -> bool:
        return all(
            set(cluster.nodes_of(name)) <= set(wanted)
            and len(cluster.pods(name)) == 1
            and not cluster.model(name)["status"]["moves"]["active"]
            for name in MODELS
        )

    cluster.wait(is_there, f"all are on {wanted}", MOVE_LIMIT_SECONDS)
