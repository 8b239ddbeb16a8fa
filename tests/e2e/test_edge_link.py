"""The link to an edge node is cut for real and restored: replicas there go on, nothing is left behind."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.support.kind_cluster import (
    INTERNAL_EDGE,
    RESTRICTED_EDGE,
    Cluster,
    Manifest,
    condition_of,
    targets,
)

pytestmark = pytest.mark.timeout(1200)
NOT_READY_LIMIT_SECONDS = 240.0
"""The node controller waits 40 to 50 s before it calls a node lost."""
BACK_LIMIT_SECONDS = 240.0
COOL_DOWN_SECONDS = 10


def node_is_ready(cluster: Cluster, node: str) -> bool:
    """Tell what the API server says about a node."""
    return condition_of(cluster.read(f"/api/v1/nodes/{node}"), "Ready")[0] == "True"


class Link:
    """The link of an edge node, to be cut and restored."""

    def __init__(self, cluster: Cluster, node: str) -> None:
        self._cluster = cluster
        self._node = node
        self._route = cluster.on_node(node, "ip", "-4", "route", "show", "default").split()

    def cut(self) -> None:
        """Cut it, and wait until the API server has noticed."""
        self._cluster.on_node(self._node, "ip", "link", "set", "eth0", "down")
        self._cluster.wait(
            lambda: not node_is_ready(self._cluster, self._node), "the node is lost", NOT_READY_LIMIT_SECONDS
        )

    def restore(self) -> None:
        """Restore it, and wait until the node is back."""
        self._cluster.on_node(self._node, "ip", "link", "set", "eth0", "up")
        self._cluster.on_node(self._node, "ip", "route", "replace", *self._route)
        self._cluster.wait(
            lambda: node_is_ready(self._cluster, self._node), "the node is back", BACK_LIMIT_SECONDS
        )


@pytest.fixture
def link(cluster: Cluster) -> Iterator[Link]:
    """Give the link of the edge node that holds Internal models; it is whole again afterwards."""
    found = Link(cluster, INTERNAL_EDGE)
    yield found
    found.restore()


def apply_edge_model(
    cluster: Cluster, name: str, disruption: Mapping[str, Any], **placement: Any
) -> Manifest:
    """Apply a model of one replica, which goes to the cheaper edge node; returns its pod once it is Ready."""
    model = cluster.digits(name, cloud={}, edge={}, **placement)
    rebalancing = {"cooldownSeconds": COOL_DOWN_SECONDS}
    model["spec"] |= {"replicas": 1, "disruption": dict(disruption), "rebalancing": rebalancing}
    cluster.apply(model)
    cluster.wait_until_ready(1, name)
    (pod,) = cluster.pods(name)
    assert pod["spec"]["nodeName"] == INTERNAL_EDGE
    return pod


def ending(cluster: Cluster) -> list[str]:
    """Name the pods that are on their way out."""
    listed = cluster.read(f"/api/v1/namespaces/{cluster.namespace}/pods")
    return [pod["metadata"]["name"] for pod in listed["items"] if "deletionTimestamp" in pod["metadata"]]


def test_replicas_beyond_a_cut_link_go_on_and_the_return_leaves_nothing_behind(
    cluster: Cluster, link: Link
) -> None:
    kept = apply_edge_model(cluster, "kept", {"replaceAfterSeconds": 5})
    local = {"clients": [{"site": "plant-b"}]}
    own = apply_edge_model(cluster, "own", {"replaceAfterSeconds": 5}, **local)
    replace = {"onEdgeUnreachable": "Replace", "replaceAfterSeconds": 5}
    replaced = apply_edge_model(cluster, "replaced", replace)

    link.cut()
    both = [RESTRICTED_EDGE, INTERNAL_EDGE]
    cluster.wait(lambda: cluster.nodes_of("kept") == both, "clients elsewhere get a stand-in")
    cluster.wait(lambda: cluster.condition("Ready", "kept")[0] == "True", "the stand-in serves")
    cluster.wait(lambda: cluster.nodes_of("replaced") == [RESTRICTED_EDGE], "the replacement is elsewhere")
    cluster.wait_until_ready(1, "replaced")
    assert cluster.nodes_of("own") == [INTERNAL_EDGE], "all of its clients reach it"
    assert ending(cluster) == [replaced["metadata"]["name"]]
    (stand_in,) = (pod for pod in cluster.pods("kept") if pod["spec"]["nodeName"] == RESTRICTED_EDGE)
    elsewhere = cluster.predict(*targets([stand_in, *cluster.pods("replaced")]), "service=kept")
    assert {report["accuracy"] > 0.9 for report in elsewhere} == {True}
    for pod in (kept, own):  # as a client at the site does
        url = f"http://{pod['status']['podIP']}:8501/v1/models/digits"
        assert '"AVAILABLE"' in cluster.on_node(INTERNAL_EDGE, "curl", "--silent", "--max-time", "5", url)

    link.restore()
    cluster.wait_until_ready(1, "kept")
    cluster.wait(lambda: not ending(cluster), "no pod is left on its way out")
    for name, pod in (("kept", kept), ("own", own)):
        cluster.wait_until_ready(1, name)
        assert [one["metadata"]["uid"] for one in cluster.pods(name)] == [pod["metadata"]["uid"]]
        assert cluster.pods(name)[0]["status"]["containerStatuses"][0]["restartCount"] == 0
    assert cluster.nodes_of("replaced") == [RESTRICTED_EDGE]
