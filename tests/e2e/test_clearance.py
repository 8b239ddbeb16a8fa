"""Sensitive models and the nodes that may hold them."""

from tests.support.kind_cluster import RESTRICTED_EDGE, Cluster


def test_a_restricted_model_runs_on_the_cleared_node_alone(cluster: Cluster) -> None:
    model = cluster.digits(dataSensitivity="Restricted", cloud={}, edge={})
    cluster.apply(model)
    cluster.wait_until_ready(replicas=3)

    assert cluster.nodes_of() == [RESTRICTED_EDGE] * 3
    assert cluster.condition("PolicyCompliant")[0] == "True"


def test_a_restricted_model_that_does_not_fit_waits_and_says_which_clearance_is_missing(
    cluster: Cluster,
) -> None:
    model = cluster.digits(dataSensitivity="Restricted", cloud={}, edge={}, onNoFit="Wait")
    model["spec"]["variants"][1]["resources"]["requests"]["cpu"] = "400m"
    model["spec"]["replicas"] = 2
    cluster.apply(model)

    cluster.wait(lambda: cluster.condition("Placed")[1] == "NoFit", "the missing room is reported")

    assert "ClearanceTooLow" in cluster.condition("Placed")[2]
    assert set(cluster.nodes_of()) <= {RESTRICTED_EDGE, ""}


def test_a_model_that_becomes_restricted_leaves_the_nodes_that_are_not_cleared(cluster: Cluster) -> None:
    cluster.apply(cluster.digits())
    cluster.wait_until_ready(replicas=3)
    assert set(cluster.nodes_of()) != {RESTRICTED_EDGE}

    cluster.apply(cluster.digits(dataSensitivity="Restricted", cloud={}, edge={}))
    cluster.wait_until_ready(replicas=3)

    assert cluster.nodes_of() == [RESTRICTED_EDGE] * 3
    assert cluster.events("ClearanceEnforced") == [], "some were deleted because their time was up"
