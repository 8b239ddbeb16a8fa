"""``fogline plan`` and ``fogline explain`` on a dump of a cluster in which replicas move or stand in."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from dev.cluster import simulated_node
from tests.support.builders import make_model, make_variant
from tests.support.memory_cluster import MemoryCluster, MemoryOperator
from tests.support.memory_cluster.pods import is_ready

from fogline.cli import cluster as live
from fogline.cli import given, main
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, NODES, PODS
from fogline.names import ModelKey

CLOUD, EDGE = make_variant("cloud", "Cloud"), make_variant("edge", "Edge")
LOAD_SECONDS = 3.0


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryCluster:
    """Have an edge node and two cloud nodes, and let commands live in their time."""
    monkeypatch.chdir(tmp_path)
    cluster = MemoryCluster(load_seconds=lambda _: LOAD_SECONDS)
    for name, tier, cost in (("edge-1", "Edge", "1"), ("cloud-1", "Cloud", "4"), ("cloud-2", "Cloud", "9")):
        labels = {"fogline.dev/tier": tier, "fogline.dev/cost-per-hour": cost}
        cluster.add_node(simulated_node(name, labels))
    for module in (given, live):
        monkeypatch.setattr(module, "now", cluster.timeline.now)
    MemoryOperator(cluster.store, cluster.timeline)
    return cluster


def run(cluster: MemoryCluster, *arguments: str) -> str:
    """Dump the cluster, and run a command on that."""
    items = [one for kind in (NODES, PODS, MODEL_DEPLOYMENTS) for one in cluster.store.all(kind)]
    Path("dump.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, default=str)
    )
    result = CliRunner().invoke(main, [*arguments, "-f", "dump.json"])
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def planned(cluster: MemoryCluster) -> tuple[list[str], list[str]]:
    """Plan; give the nodes of the replicas, and the pods that are to go."""
    found: dict[str, Any] = json.loads(run(cluster, "plan", "-o", "json"))
    return [row["node"] for row in found["assignments"]], [one["pod"] for one in found["leaving"]]


def until_over(cluster: MemoryCluster) -> Iterator[None]:
    """Let a move begin and run; it stops every half second for somebody to look."""
    for _ in range(40):
        cluster.run_for(0.5)
        yield
        moves = cluster.model(KEY)["status"]["moves"]
        if moves["completed"]:
            return
    raise AssertionError("the move does not end")


KEY = ModelKey("default", "digits")


@pytest.mark.parametrize("strategy", ["Surge", "Evict"])
def test_at_no_moment_of_a_move_is_a_replica_too_many_or_missing(
    cluster: MemoryCluster, strategy: str
) -> None:
    rules: dict[str, Any] = {"rebalancing": {"strategy": strategy}, "disruption": {"maxUnavailable": 1}}
    cluster.add_model(
        make_model(variants=[CLOUD], replicas=2, placement={"spread": {"maxPerNode": 2}}, **rules)
    )
    cluster.run_for(20)
    assert planned(cluster) == (["cloud-1", "cloud-1"], [])
    cluster.cordon("cloud-1")
    seen = set()
    for _ in until_over(cluster):
        nodes, leaving = planned(cluster)
        seen.add(tuple(nodes))
        assert (len(nodes), leaving) == (2, [])
    assert len(seen) > 1, "the plan has not seen the replacement"


def test_a_stand_in_is_no_replica_too_many(cluster: MemoryCluster) -> None:
    rules: dict[str, Any] = {"disruption": {"replaceAfterSeconds": 60}}
    cluster.add_model(make_model(variants=[CLOUD, EDGE], **rules))
    cluster.run_for(20)
    cluster.kubelets.cut("edge-1")
    cluster.run_for(180)
    assert [pod["spec"]["nodeName"] for pod in cluster.pods() if is_ready(pod)] == ["cloud-1"]
    assert planned(cluster) == (["edge-1"], [])
    (original,) = (pod for pod in cluster.pods() if pod["spec"]["nodeName"] == "edge-1")
    beside = f"on cloud-1, which stands in for {original['metadata']['name']} on edge-1"
    assert beside in run(cluster, "explain", "digits")


def test_an_explanation_names_the_replica_that_leaves_beside_those_that_count(cluster: MemoryCluster) -> None:
    cluster.add_model(make_model(variants=[CLOUD]))
    cluster.run_for(20)
    cluster.cordon("cloud-1")
    cluster.run_for(1 + LOAD_SECONDS / 2)
    found = json.loads(run(cluster, "explain", "digits", "-o", "json"))
    assert [one["node"] for one in found["replicas"]] == ["cloud-2"]
    assert [(one["node"], one["why"]) for one in found["beside"]] == [
        ("cloud-1", "leaves for cloud-2: NodeCordoned")
    ]
    assert "1 of 1 replicas are Ready" in run(cluster, "explain", "digits")
