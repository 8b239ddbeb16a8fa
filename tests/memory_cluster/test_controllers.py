"""What the cluster in memory does with pods is what was seen on a real one."""

from typing import Any

from dev.cluster import simulated_node
from tests.support.memory_cluster import MemoryCluster
from tests.support.memory_cluster.pods import condition, is_alive, is_ready

from fogline.cluster.kinds import DEPLOYMENTS, NODES, POD_DISRUPTION_BUDGETS, PODS
from fogline.names import DELETION_COST_ANNOTATION

WEB = ("default", "web")


def cluster_with(nodes: int = 1, *, replicas: int = 3, **spec: Any) -> MemoryCluster:
    """Make a cluster of nodes for four pods each, with a Deployment of pods that are not gated."""
    cluster = MemoryCluster()
    for number in range(nodes):
        cluster.add_node(simulated_node(f"node-{number}", cpu="4"))
    cluster.store.create(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {
                "replicas": replicas,
                "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
                "template": template(**spec),
            },
        }
    )
    cluster.run_for(10)
    return cluster


def template(image: str = "web:1", **spec: Any) -> dict[str, Any]:
    server = {"name": "server", "image": image, "resources": {"requests": {"cpu": "1"}}}
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [server], **spec}}


def alive(cluster: MemoryCluster) -> list[dict[str, Any]]:
    return [pod for pod in cluster.pods() if is_alive(pod)]


def scale(cluster: MemoryCluster, replicas: int) -> None:
    spec = cluster.store.get(DEPLOYMENTS, WEB)["spec"]
    cluster.store.change(DEPLOYMENTS, WEB, spec={**spec, "replicas": replicas})


def test_a_scale_down_takes_the_pod_with_the_lowest_deletion_cost_when_all_are_ready() -> None:
    cluster = cluster_with()
    victim = cluster.pods()[0]["metadata"]
    notes = {"annotations": {DELETION_COST_ANNOTATION: "-1000"}}
    cluster.store.change(PODS, ("default", victim["name"]), metadata=notes)
    scale(cluster, 2)
    cluster.run_for(1)
    assert victim["name"] not in {pod["metadata"]["name"] for pod in alive(cluster)}


def test_a_scale_down_takes_a_pod_that_is_not_ready_before_one_with_a_deletion_cost() -> None:
    cluster = cluster_with(replicas=4)
    scale(cluster, 5)  # there is no room for the fifth
    cluster.run_for(1)
    notes = {"annotations": {DELETION_COST_ANNOTATION: "-1000"}}
    ready = [pod for pod in cluster.pods() if is_ready(pod)]
    cluster.store.change(PODS, ("default", ready[0]["metadata"]["name"]), metadata=notes)
    scale(cluster, 4)
    cluster.run_for(10)
    assert [pod["metadata"]["name"] for pod in alive(cluster)] == [one["metadata"]["name"] for one in ready]


def test_a_rollout_never_has_fewer_ready_pods_than_are_wanted() -> None:
    cluster = cluster_with(nodes=2)
    spec = cluster.store.get(DEPLOYMENTS, WEB)["spec"]
    cluster.store.change(DEPLOYMENTS, WEB, spec={**spec, "template": template("web:2")})
    for _ in range(200):
        cluster.run_for(0.25)
        assert sum(map(is_ready, alive(cluster))) >= 3
    images = {pod["spec"]["containers"][0]["image"] for pod in cluster.pods()}
    assert (images, len(cluster.pods())) == ({"web:2"}, 3)


def test_a_pod_without_room_is_refused_and_bound_once_there_is_room() -> None:
    cluster = cluster_with(replicas=5)
    assert sum(condition(pod, "PodScheduled")["status"] == "False" for pod in cluster.pods()) == 1
    cluster.add_node(simulated_node("more"))
    cluster.run_for(5)
    assert sum(map(is_ready, cluster.pods())) == 5


def test_pods_of_a_node_that_is_lost_are_deleted_after_what_they_tolerate_and_end_when_it_is_back() -> None:
    cluster = cluster_with()
    cluster.kubelets.fail("node-0")
    cluster.run_for(60)
    assert condition(cluster.store.get(NODES, ("", "node-0")), "Ready")["status"] == "Unknown"
    assert not any(map(is_ready, cluster.pods()))
    cluster.run_for(300)
    assert sum("deletionTimestamp" in pod["metadata"] for pod in cluster.pods()) == 3
    cluster.kubelets.restore("node-0")
    cluster.run_for(10)
    assert (len(cluster.pods()), sum(map(is_ready, cluster.pods()))) == (3, 3)


def test_pods_that_tolerate_a_lost_link_serve_all_the_time_and_are_ready_again_at_once() -> None:
    tolerations = [{"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"}]
    cluster = cluster_with(tolerations=tolerations)
    before = cluster.pods()
    cluster.kubelets.cut("node-0")
    cluster.run_for(1000)
    assert not any(map(is_ready, cluster.pods()))
    assert all(map(cluster.kubelets.is_serving, before))
    cluster.kubelets.restore("node-0")
    assert all(map(is_ready, cluster.pods()))
    assert [pod["metadata"]["uid"] for pod in cluster.pods()] == [pod["metadata"]["uid"] for pod in before]


def test_a_kubelet_that_restarts_with_less_room_kills_the_youngest_pods() -> None:
    cluster = cluster_with()
    oldest = cluster.pods()[0]["metadata"]["name"]
    cluster.resize("node-0", cpu="1")
    cluster.kubelets.restart("node-0")
    failed = {pod["metadata"]["name"] for pod in cluster.pods() if pod["status"]["phase"] == "Failed"}
    assert len(failed) == 2
    assert oldest not in failed


def test_a_drain_tries_again_once_something_changed_and_no_sooner() -> None:
    cluster = cluster_with(nodes=2, replicas=2)
    model = {"name": "", "namespace": "default"}
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": model}
    cluster.store.create({**budget, "spec": {"minAvailable": 2}})
    cluster.drain("node-0", limit_seconds=600)
    cluster.run_for(60)
    assert len(cluster.kubelets.pods_on("node-0")) == 2
    cluster.store.change(POD_DISRUPTION_BUDGETS, ("default", ""), spec={"minAvailable": 1})
    cluster.run_for(4)
    assert all(is_alive(pod) for pod in cluster.pods())
    cluster.run_for(60)
    assert cluster.kubelets.pods_on("node-0") == []
    assert len(cluster.kubelets.pods_on("node-1")) == 2
