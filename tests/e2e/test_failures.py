"""What breaks for real: the link to an edge node, and the operator itself."""

from collections.abc import Iterator

import pytest
from tests.support.kind_cluster import (
    INTERNAL_EDGE,
    RESTRICTED_EDGE,
    Cluster,
    Manifest,
    kill_operator,
    targets,
)

NOT_READY_LIMIT_SECONDS = 120.0
"""The node controller waits 40 to 50 s before it calls a node lost."""
BACK_LIMIT_SECONDS = 90.0


def node_is_ready(cluster: Cluster, node: str) -> bool:
    """Tell what the API server says about a node."""
    conditions = cluster.kubectl.get("node", node)["status"]["conditions"]
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


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


def edge_model(cluster: Cluster) -> Manifest:
    """One replica, on the cheaper edge node as long as that takes new ones."""
    model = cluster.digits(cloud={}, edge={})
    model["spec"]["replicas"] = 1
    return model


def test_a_node_that_is_cut_off_keeps_its_replicas_takes_no_new_ones_and_comes_back(
    cluster: Cluster, link: Link
) -> None:
    cluster.apply(edge_model(cluster))
    cluster.wait_until_ready(replicas=1)
    (before,) = cluster.pods()
    assert before["spec"]["nodeName"] == INTERNAL_EDGE

    link.cut()
    cluster.wait(lambda: cluster.condition("Ready")[1] == "ReplicasNotReady", "the loss is reported")
    cluster.run("scale", "modeldeployment/digits", "--replicas=2")
    cluster.wait(
        lambda: cluster.nodes_of() == [RESTRICTED_EDGE, INTERNAL_EDGE], "the new one is on the other node"
    )
    link.restore()
    cluster.wait_until_ready(replicas=2)

    assert cluster.nodes_of() == [RESTRICTED_EDGE, INTERNAL_EDGE]
    assert before["metadata"]["uid"] in {pod["metadata"]["uid"] for pod in cluster.pods()}
    assert {report["target"] for report in cluster.predict(*targets(cluster.pods()))} == {"edge"}


def test_an_operator_that_is_killed_in_mid_work_ends_in_the_same_state(cluster: Cluster) -> None:
    cluster.apply(cluster.digits("undisturbed"))
    cluster.wait_until_ready(3, "undisturbed")

    cluster.apply(cluster.digits("disturbed"))
    for _ in range(3):
        kill_operator(cluster)
    cluster.wait_until_ready(3, "disturbed")

    def end_state(name: str) -> list[Manifest]:
        found = cluster.model(name)["status"]["placements"]
        return [{key: one[key] for key in ("node", "tier", "variant", "ready")} for one in found]

    assert end_state("disturbed") == end_state("undisturbed")
