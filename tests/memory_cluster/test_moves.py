"""The cluster in memory, with the operator's decisions on it, behaves as the real one in tests/cluster."""

from typing import Any

from dev.cluster import simulated_node
from tests.support.builders import make_model, make_variant
from tests.support.memory_cluster import MemoryCluster, MemoryOperator
from tests.support.memory_cluster.pods import is_alive, is_ready

from fogline.names import ModelKey


def placed(cluster: MemoryCluster) -> list[str]:
    """List the nodes of the pods that are Ready, by name."""
    return sorted(pod["spec"]["nodeName"] for pod in cluster.pods() if is_ready(pod) and is_alive(pod))


def furnish(cluster: MemoryCluster, **costs: str) -> None:
    """Add cloud nodes with their prices."""
    for name, cost in costs.items():
        node = simulated_node(name, {"fogline.dev/tier": "Cloud", "fogline.dev/cost-per-hour": cost})
        cluster.add_node(node)


def add_model(cluster: MemoryCluster, **spec: Any) -> ModelKey:
    """Apply a ModelDeployment with one cloud variant."""
    return cluster.add_model(make_model(variants=[make_variant("cloud", "Cloud")], **spec))


def test_a_cordoned_node_is_left_once_the_replacement_is_ready() -> None:
    cluster = MemoryCluster()
    furnish(cluster, a="0.1", b="9")
    MemoryOperator(cluster.store, cluster.timeline)
    key = add_model(cluster)
    cluster.run_for(20)
    assert placed(cluster) == ["a"]
    cluster.cordon("a")
    cluster.run_for(30)
    assert placed(cluster) == ["b"]
    status = cluster.model(key)["status"]
    assert (status["moves"]["completed"], status["moves"]["active"]) == (1, 0)
    assert len(cluster.pods()) == 1


def test_a_replica_beyond_a_cut_link_has_a_stand_in_until_the_node_is_back_for_the_cool_down() -> None:
    cluster = MemoryCluster()
    furnish(cluster, a="9")
    cluster.add_node(simulated_node("e", {"fogline.dev/tier": "Edge"}))
    MemoryOperator(cluster.store, cluster.timeline)
    both = [make_variant("cloud", "Cloud"), make_variant("edge", "Edge")]
    rules: dict[str, Any] = {
        "disruption": {"replaceAfterSeconds": 60},
        "rebalancing": {"cooldownSeconds": 100},
    }
    cluster.add_model(make_model(variants=both, **rules))
    cluster.run_for(20)
    assert placed(cluster) == ["e"]
    cluster.kubelets.cut("e")
    cluster.run_for(100)  # lost after 50 s, and 50 s of that
    assert placed(cluster) == []
    cluster.run_for(20)
    assert placed(cluster) == ["a"]
    cluster.kubelets.restore("e")
    cluster.run_for(90)
    assert placed(cluster) == ["a", "e"]
    cluster.run_for(20)
    assert placed(cluster) == ["e"]
    assert len(cluster.pods()) == 1


def test_a_drain_that_has_waited_in_vain_goes_through() -> None:
    cluster = MemoryCluster()
    furnish(cluster, a="1")
    MemoryOperator(cluster.store, cluster.timeline)
    add_model(cluster, replicas=2, rebalancing={"readyTimeoutSeconds": 60})
    cluster.run_for(20)
    cluster.drain("a", limit_seconds=90)
    cluster.run_for(55)
    assert placed(cluster) == ["a", "a"]
    cluster.run_for(30)
    assert placed(cluster) == []
    cluster.cordon("a", unschedulable=False)
    cluster.run_for(20)
    assert placed(cluster) == ["a", "a"]


def test_a_model_that_is_scaled_gets_its_replicas_and_loses_them_again() -> None:
    cluster = MemoryCluster()
    furnish(cluster, a="0.1", b="9")
    MemoryOperator(cluster.store, cluster.timeline)
    key = add_model(cluster)
    for replicas in (1, 6, 2):
        cluster.edit_model(key, replicas=replicas)
        cluster.run_for(30)
        assert len(placed(cluster)) == replicas
