"""Models and namespaces that are deleted while replicas move: nothing is left, and others may move."""

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import pytest
from dev.cluster import simulated_node
from tests.support.builders import make_model, make_variant
from tests.support.memory_cluster import MemoryCluster, MemoryOperator
from tests.support.memory_cluster.pods import is_alive, is_ready

from fogline.api import MoveBudget
from fogline.cluster.kinds import (
    DEPLOYMENTS,
    MODEL_DEPLOYMENTS,
    POD_DISRUPTION_BUDGETS,
    PODS,
    SERVICES,
    Kind,
)
from fogline.config import Settings
from fogline.names import ModelKey

CLOUD = make_variant("cloud", "Cloud")
LOAD_SECONDS = 6.0
MOMENTS = (0.2, 1.0, 3.0, 6.0, 7.0, 8.0, 9.0)
"""Seconds after the move began; it ends between the last two."""
ONE_MOVE = Settings(move_budgets=(MoveBudget(moves=1),))

EVICT: dict[str, Any] = {
    "rebalancing": {"strategy": "Evict"},
    "disruption": {"maxUnavailable": 1},
}


class Story:
    """Two models, each in its namespace, want to leave a node; only one may move at a time."""

    def __init__(self, **spec: Any) -> None:
        self.cluster = MemoryCluster(load_seconds=lambda _: LOAD_SECONDS)
        for name, cost in (("a", "1"), ("b", "9"), ("c", "20")):
            labels = {"fogline.dev/tier": "Cloud", "fogline.dev/cost-per-hour": cost}
            self.cluster.add_node(simulated_node(name, labels))
        self.operator = MemoryOperator(self.cluster.store, self.cluster.timeline, ONE_MOVE)
        self.first = self._add("shop", **spec)
        self.cluster.run_for(20)
        self.other = self._add("default")
        self.cluster.run_for(20)
        self.cluster.cordon("a")
        while not self.operator.view.victims():
            self.cluster.run_for(0.1)
        assert {one.model for one in self.operator.view.victims()} == {self.first}, "the other moves first"

    def _add(self, namespace: str, **spec: Any) -> ModelKey:
        return self.cluster.add_model(make_model(namespace=namespace, variants=[CLOUD], **spec))

    def nodes_of_other(self) -> list[str]:
        """List the nodes on which the model that stays serves."""
        return [
            pod["spec"]["nodeName"]
            for pod in self.cluster.pods()
            if pod["metadata"]["namespace"] == self.other.namespace and is_alive(pod) and is_ready(pod)
        ]

    def left(self) -> list[tuple[str, str]]:
        """List what there is of the model that was deleted: kind and name."""
        kinds = (MODEL_DEPLOYMENTS, DEPLOYMENTS, SERVICES, POD_DISRUPTION_BUDGETS, PODS)
        return [
            (kind.kind, one["metadata"]["name"])
            for kind in kinds
            for one in self.cluster.store.all(kind)
            if one["metadata"]["namespace"] == self.first.namespace
        ]

    def judge(self) -> None:
        """Nothing is left of the first model, and the other one has moved."""
        assert self.left() == []
        assert self.nodes_of_other() == ["b"]
        assert self.cluster.model(self.other)["status"]["moves"]["completed"] == 1
        assert self.operator.view.victims() == ()
        assert self.operator.view.replicas(self.first) == ()
        assert not self.operator.outlook.waiting()


@pytest.mark.parametrize("spec", [{}, EVICT], ids=["surge", "evict"])
@pytest.mark.parametrize("seconds", MOMENTS)
def test_a_model_that_is_deleted_during_a_move_leaves_nothing_and_lets_others_move(
    spec: dict[str, Any], seconds: float
) -> None:
    story = Story(**spec)
    story.cluster.run_for(seconds)
    story.cluster.remove_model(story.first)
    story.cluster.run_for(40)
    story.judge()


ORDERS = list(permutations((MODEL_DEPLOYMENTS, DEPLOYMENTS, PODS)))


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "-".join(kind.kind for kind in order))
@pytest.mark.parametrize("seconds", [0.2, 3.0, 7.0])
def test_a_namespace_that_is_deleted_during_a_move_leaves_nothing_and_lets_others_move(
    order: Sequence[Kind], seconds: float
) -> None:
    story = Story()
    story.cluster.run_for(seconds)
    kinds = (POD_DISRUPTION_BUDGETS, *order, SERVICES)
    story.cluster.remove_namespace(story.first.namespace, kinds, pause_seconds=2.0)
    story.cluster.run_for(60)
    story.judge()


@pytest.mark.parametrize("delete", [MemoryCluster.begin_removal, MemoryCluster.orphan])
def test_a_move_that_a_deletion_has_stopped_takes_no_budget_from_others(
    delete: Callable[[MemoryCluster, ModelKey], None],
) -> None:
    story = Story()
    story.cluster.run_for(1)
    delete(story.cluster, story.first)
    before = {pod["metadata"]["name"] for pod in story.cluster.pods()}
    story.cluster.run_for(60)
    assert story.nodes_of_other() == ["b"]
    gone = before - {pod["metadata"]["name"] for pod in story.cluster.pods()}
    assert [name for name in gone if "shop" in name] == []


def test_replicas_of_a_model_that_is_being_deleted_do_not_begin_to_move() -> None:
    story = Story()
    story.cluster.run_for(60)
    story.cluster.begin_removal(story.other)
    story.cluster.cordon("b")
    story.cluster.run_for(60)
    assert story.operator.view.victims() == ()
    assert story.nodes_of_other() == ["b"]
    story.cluster.remove_model(story.other)
    story.cluster.run_for(60)
    assert story.nodes_of_other() == []
