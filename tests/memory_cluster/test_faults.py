"""Nodes, clocks and people that go wrong while replicas may move: nothing thrashes, and the end is right.

What each story shows of our promises is in docs/reliability.md. What the API server adds to it is tried in
`tests/cluster`.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from dev.cluster import simulated_node
from tests.support.builders import make_model, make_variant
from tests.support.memory_cluster import MemoryCluster, MemoryOperator
from tests.support.memory_cluster.pods import is_alive, is_ready
from tests.support.memory_cluster.timeline import WrongClock

from fogline.cluster.documents import Document
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, PODS
from fogline.names import ModelKey

CLOUD, EDGE = make_variant("cloud", "Cloud"), make_variant("edge", "Edge")
TEN_MINUTES = 600.0
LOAD_SECONDS = 6.0


def furnished(*nodes: tuple[str, str, str], cpu: str = "4") -> MemoryCluster:
    """Make a cluster of nodes, each with its tier and price."""
    cluster = MemoryCluster(load_seconds=lambda _: LOAD_SECONDS)
    for name, tier, cost in nodes:
        add_node(cluster, name, tier, cost, cpu=cpu)
    return cluster


def add_node(cluster: MemoryCluster, name: str, tier: str, cost: str, *, cpu: str = "4") -> None:
    labels = {"fogline.dev/tier": tier, "fogline.dev/cost-per-hour": cost, "fogline.dev/billing": "Share"}
    cluster.add_node(simulated_node(name, labels, cpu=cpu))


def serve(cluster: MemoryCluster, name: str = "digits", **spec: Any) -> ModelKey:
    """Apply a model of one cloud variant, and let it come up."""
    key = cluster.add_model(make_model(name, **{"variants": [CLOUD], **spec}))
    cluster.run_for(30)
    return key


def placed(cluster: MemoryCluster) -> list[str]:
    """List the nodes of the pods that serve, by name."""
    return sorted(pod["spec"]["nodeName"] for pod in cluster.pods() if is_ready(pod) and is_alive(pod))


def uids(cluster: MemoryCluster) -> set[str]:
    return {pod["metadata"]["uid"] for pod in cluster.pods()}


def moves(cluster: MemoryCluster, key: ModelKey) -> Mapping[str, Any]:
    """Read what the status tells of moves."""
    told: Mapping[str, Any] = cluster.model(key)["status"]["moves"]
    return told


def results(cluster: MemoryCluster, key: ModelKey) -> list[tuple[str, str, str]]:
    """Tell how moves ended, where from and why, the first one first."""
    return [
        (one["result"], one["from"], one["reason"])
        for one in reversed(moves(cluster, key).get("history", ()))
    ]


@pytest.mark.parametrize(("up_seconds", "down_seconds"), [(5, 5), (30, 20), (20, 70), (5, 60)])
def test_a_link_that_flaps_moves_nothing(up_seconds: float, down_seconds: float) -> None:
    cluster = furnished(("e", "Edge", "1"), ("c", "Cloud", "9"))
    MemoryOperator(cluster.store, cluster.timeline)
    key = serve(cluster, variants=[CLOUD, EDGE])
    before = uids(cluster)
    for _ in range(20):
        cluster.kubelets.cut("e")
        cluster.run_for(down_seconds)
        cluster.kubelets.restore("e")
        cluster.run_for(up_seconds)
    cluster.run_for(TEN_MINUTES)
    assert (uids(cluster), placed(cluster), results(cluster, key)) == (before, ["e"], [])


def test_each_replica_beyond_a_cut_link_gets_one_stand_in_of_a_variant_that_has_room() -> None:
    cluster = furnished(("e1", "Edge", "0"))
    MemoryOperator(cluster.store, cluster.timeline)
    serve(cluster, replicas=2, variants=[CLOUD, EDGE], placement={"clients": [{"site": "elsewhere"}]})
    add_node(cluster, "c", "Cloud", "0.1", cpu="1")  # has room for one of the two
    add_node(cluster, "e2", "Edge", "5")
    before = uids(cluster)
    came: set[str] = set()
    cluster.store.watch(lambda change: came.update(uids(cluster) - before) if change.kind is PODS else None)
    cluster.kubelets.cut("e1")
    cluster.run_for(2 * TEN_MINUTES)
    assert placed(cluster) == ["c", "e2"]
    assert len(came) == 2


def test_a_node_whose_room_flips_every_second_is_left_once_and_taken_again_after_the_cool_down() -> None:
    cluster = furnished(("a", "Cloud", "1"), ("b", "Cloud", "2"))
    MemoryOperator(cluster.store, cluster.timeline)
    key = serve(cluster, replicas=2)
    for second in range(101):
        cluster.resize("a", cpu="1" if second % 2 else "4")
        cluster.run_for(1)
    assert placed(cluster) == ["a", "b"]
    assert results(cluster, key) == [("Completed", "a", "NodeOverCommitted")]
    cluster.run_for(2 * TEN_MINUTES)
    assert results(cluster, key)[1:] == [("Completed", "b", "BetterNode")]
    assert placed(cluster) == ["a", "a"]


def test_a_price_that_flips_every_second_moves_a_replica_once_in_a_cool_down() -> None:
    cluster = furnished(("a", "Cloud", "1"), ("b", "Cloud", "2"))
    MemoryOperator(cluster.store, cluster.timeline)
    key = serve(cluster)
    cluster.run_for(TEN_MINUTES)
    for second in range(200):
        cluster.label("a", {"fogline.dev/cost-per-hour": "9" if second % 2 else "1"})
        cluster.run_for(1)
    assert moves(cluster, key)["completed"] + moves(cluster, key)["aborted"] <= 2
    assert len(placed(cluster)) == 1


def remake(cluster: MemoryCluster, node: str) -> None:
    """Delete a node and let another one register under its name at once."""
    cluster.remove_node(node)
    add_node(cluster, node, "Cloud", "1")


@pytest.mark.parametrize("node", ["a", "b"], ids=["the one that is left", "the one that is gone to"])
def test_a_node_that_is_made_anew_under_its_name_during_a_move_is_another_node(node: str) -> None:
    cluster = furnished(("a", "Cloud", "0.1"), ("b", "Cloud", "1"))
    MemoryOperator(cluster.store, cluster.timeline)
    key = serve(cluster)
    cluster.cordon("a")
    cluster.run_for(LOAD_SECONDS / 2)
    assert moves(cluster, key)["active"] == 1
    remake(cluster, node)
    cluster.run_for(TEN_MINUTES)
    assert (len(placed(cluster)), len(cluster.pods()), moves(cluster, key)["active"]) == (1, 1, 0)
    assert not notes_of_moves(cluster)
    if node == "b":
        assert placed(cluster) == ["b"]


def notes_of_moves(cluster: MemoryCluster) -> list[str]:
    return [
        note
        for pod in cluster.pods()
        for note in pod["metadata"].get("annotations", {})
        if note.startswith("fogline.dev/move-") or note == "fogline.dev/replaces"
    ]


def test_while_a_third_of_all_nodes_is_lost_nothing_moves_and_when_they_are_back_nothing_has_changed() -> (
    None
):
    names = [f"n{number:02}" for number in range(30)]
    cluster = furnished(*((name, "Cloud", f"{1 + index / 100}") for index, name in enumerate(names)))
    MemoryOperator(cluster.store, cluster.timeline)
    key = serve(cluster, replicas=15, placement={"spread": {"maxPerNode": 1}})
    cluster.run_for(TEN_MINUTES)
    before, lost = uids(cluster), names[20:]
    for name in lost:
        cluster.kubelets.cut(name)
    cluster.run_for(60)
    cluster.cordon(names[0])
    cluster.label(names[1], {"fogline.dev/cost-per-hour": "99"})
    cluster.run_for(60)
    assert uids(cluster) == before
    condition = next(
        one for one in cluster.model(key)["status"]["conditions"] if one["type"] == "Rebalancing"
    )
    assert condition["reason"] == "TooManyNodesNotReady"
    for name in lost:
        cluster.kubelets.restore(name)
    cluster.run_for(60)
    assert {one[1:] for one in results(cluster, key)} == {
        (names[0], "NodeCordoned"),
        (names[1], "BetterNode"),
    }
    assert len(placed(cluster)) == 15


def test_replicas_of_nodes_that_vanish_all_at_once_are_made_anew_on_the_others() -> None:
    names = [f"n{number:02}" for number in range(30)]
    cluster = furnished(*((name, "Cloud", "1") for name in names))
    MemoryOperator(cluster.store, cluster.timeline)
    keys = [serve(cluster, f"model-{number}", replicas=4) for number in range(5)]
    for name in names[:15]:
        cluster.remove_node(name)
    cluster.run_for(60)
    assert len(placed(cluster)) == 20
    assert not {name for name in placed(cluster) if name in names[:15]}
    assert all(moves(cluster, key)["active"] == 0 for key in keys)


JUMPS = {"forward": TEN_MINUTES, "back": -TEN_MINUTES, "a year forward": 3.2e7, "a year back": -3.2e7}


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
def test_a_clock_that_jumps_during_a_move_neither_stops_it_for_ever_nor_leaves_a_replica_missing(
    jump: float,
) -> None:
    cluster = furnished(("a", "Cloud", "0.1"), ("b", "Cloud", "1"))
    clock = WrongClock(cluster.timeline)
    MemoryOperator(cluster.store, clock)
    key = serve(cluster)
    cluster.cordon("a")
    cluster.run_for(LOAD_SECONDS / 2)
    assert moves(cluster, key)["active"] == 1
    clock.ahead_seconds = jump
    for _ in range(600):
        cluster.run_for(0.1)
        assert placed(cluster)
    cluster.run_for(TEN_MINUTES)
    assert placed(cluster) == ["b"]
    assert (moves(cluster, key)["active"], notes_of_moves(cluster)) == (0, [])


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
def test_a_clock_that_jumps_makes_a_cool_down_no_longer_than_twice_its_length(jump: float) -> None:
    cluster = furnished(("a", "Cloud", "1"), ("b", "Cloud", "2"))
    clock = WrongClock(cluster.timeline)
    clock.ahead_seconds = -jump
    MemoryOperator(cluster.store, clock)
    key = serve(cluster)
    clock.ahead_seconds = 0.0
    cluster.label("a", {"fogline.dev/cost-per-hour": "9"})
    cluster.run_for(2 * TEN_MINUTES + 60)
    assert results(cluster, key) == [("Completed", "a", "BetterNode")]


def test_a_hundred_models_beside_one_that_cannot_be_read_come_change_and_go_all_at_once() -> None:
    cluster = furnished(*((f"n{number}", "Cloud", "1") for number in range(20)), cpu="16")
    MemoryOperator(cluster.store, cluster.timeline)
    keys = [cluster.add_model(make_model(f"model-{number}", variants=[CLOUD])) for number in range(50)]
    cluster.store.create(UNREADABLE)
    keys += [cluster.add_model(make_model(f"model-{number}", variants=[CLOUD])) for number in range(50, 100)]
    cluster.run_for(30)
    assert len(placed(cluster)) == 100
    for key in keys:
        cluster.edit_model(key, replicas=2)
    cluster.run_for(30)
    assert (len(placed(cluster)), len(cluster.pods())) == (200, 200)
    for key in keys:
        cluster.remove_model(key)
    cluster.run_for(30)
    assert cluster.pods() == []


UNREADABLE: Document = {
    "apiVersion": MODEL_DEPLOYMENTS.api_version,
    "kind": MODEL_DEPLOYMENTS.kind,
    "metadata": {"name": "unreadable", "namespace": "default"},
    "spec": {"variants": "none", "replicas": [], "placement": 3},
}
"""Nothing in it is as it should be."""


def test_pods_that_somebody_deletes_all_at_once_come_back() -> None:
    cluster = furnished(("a", "Cloud", "0.1"), ("b", "Cloud", "1"))
    MemoryOperator(cluster.store, cluster.timeline)
    serve(cluster, replicas=3)
    cluster.cordon("a")
    cluster.run_for(LOAD_SECONDS / 2)
    for pod in cluster.pods():
        cluster.store.delete(PODS, ("default", pod["metadata"]["name"]))
    cluster.run_for(60)
    assert placed(cluster) == ["b"] * 3
    assert not notes_of_moves(cluster)
