"""A mistake of ours with one model: the model stays as it is, the others go on, and everybody hears of it."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from dev.cluster import simulated_node
from tests.support.builders import make_model, make_variant
from tests.support.memory_cluster import Habits, MemoryCluster, MemoryOperator
from tests.support.memory_cluster.pods import is_alive, is_ready

from fogline.api import ModelDeployment, MoveBudget
from fogline.config import Settings
from fogline.disruption import forced_moves
from fogline.mistakes import Part
from fogline.names import MODEL_LABEL, ModelKey
from fogline.placer.gated import decide_gated
from fogline.reconcile.intent import intend

CLOUD = make_variant("cloud", "Cloud")
POISON = "poison"
ONE_MOVE = Settings(move_budgets=(MoveBudget(moves=1),))

Decide = Callable[..., Any]


def spoiled(decide: Decide, name_of: Callable[..., str]) -> Decide:
    """Give a decision that is made in full, so that all its traces are there, and then fails with a model."""

    def decide_or_fail(*arguments: Any, **more: Any) -> Any:
        answer = decide(*arguments, **more)
        if name_of(*arguments) == POISON:
            raise KeyError("a mistake")
        return answer

    return decide_or_fail


def name_of_model(model: ModelDeployment, *_: Any, **__: Any) -> str:
    return model.metadata.name


@pytest.fixture
def reconcile_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail with what a pass should write."""
    spoilt = spoiled(intend, name_of_model)
    monkeypatch.setattr("fogline.reconcile.decisions.intend", spoilt)


@pytest.fixture
def place_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail with gated pods."""
    spoilt = spoiled(decide_gated, name_of_model)
    monkeypatch.setattr("fogline.placer.loop.decide_gated", spoilt)


@pytest.fixture
def move_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail with moves."""
    spoilt = spoiled(forced_moves, lambda demand, *_: str(demand.model.name))
    monkeypatch.setattr("fogline.mover.rebalance.forced_moves", spoilt)


def furnished(*names: str, cpu: str = "4") -> MemoryCluster:
    """Make a cluster of cloud nodes, each dearer than the one before."""
    cluster = MemoryCluster()
    for price, name in enumerate(names, 1):
        labels = {"fogline.dev/tier": "Cloud", "fogline.dev/cost-per-hour": str(price)}
        cluster.add_node(simulated_node(name, labels, cpu=cpu))
    return cluster


def operate(cluster: MemoryCluster, settings: Settings | None = None) -> MemoryOperator:
    return MemoryOperator(cluster.store, cluster.timeline, settings, Habits(outlives_mistakes=True))


def add(cluster: MemoryCluster, name: str, **spec: Any) -> ModelKey:
    return cluster.add_model(make_model(name, **{"variants": [CLOUD], **spec}))


def nodes_of(cluster: MemoryCluster, key: ModelKey) -> list[str]:
    """List the nodes of the pods of a model that serve, by name."""
    return sorted(
        pod["spec"]["nodeName"]
        for pod in cluster.pods()
        if pod["metadata"]["labels"][MODEL_LABEL] == key.name and is_ready(pod) and is_alive(pod)
    )


def reasons(cluster: MemoryCluster, key: ModelKey) -> dict[str, str]:
    """Give the reason of each condition of a model."""
    return {one["type"]: one["reason"] for one in cluster.model(key)["status"]["conditions"]}


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """List the errors in the log that have a traceback: model and part."""
    return [
        (getattr(record, "model", ""), getattr(record, "part", ""))
        for record in caplog.records
        if record.levelno >= logging.ERROR and record.exc_info
    ]


@pytest.mark.usefixtures("reconcile_mistake")
def test_a_model_that_cannot_be_decided_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    cluster = furnished("a", "b")
    operator = operate(cluster)
    poison, good = add(cluster, POISON), [add(cluster, f"good-{number}") for number in range(3)]
    cluster.run_for(30)
    for key in good:
        cluster.edit_model(key, replicas=2)
    cluster.run_for(30)
    assert [len(nodes_of(cluster, key)) for key in good] == [2, 2, 2]
    assert {reasons(cluster, key)["Ready"] for key in good} == {"AllReplicasReady"}
    assert set(reasons(cluster, poison).values()) == {"InternalError"}
    assert told(caplog) == [(str(poison), "reconcile")]
    assert b'fogline_model_errors_total{part="reconcile"}' in operator.metrics.instruments.page()[0]


@pytest.mark.usefixtures("reconcile_mistake")
def test_room_that_a_failed_decision_took_is_there_for_others() -> None:
    cluster = furnished("a", cpu="1")
    operate(cluster)
    cluster.add_model(make_model(POISON, variants=[CLOUD], placement={"priority": 9}))
    good = add(cluster, "good")
    cluster.run_for(20)
    assert nodes_of(cluster, good) == ["a"]


def test_what_ran_before_a_mistake_runs_on_and_is_looked_after_again_when_it_is_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = furnished("a")
    operator = operate(cluster)
    key = add(cluster, POISON)
    cluster.run_for(20)
    monkeypatch.setattr("fogline.reconcile.decisions.intend", spoiled(intend, name_of_model))
    cluster.edit_model(key, replicas=2)
    cluster.run_for(60)
    assert nodes_of(cluster, key) == ["a"]
    cluster.edit_model(key, replicas=3)
    cluster.run_for(60)
    assert told(caplog) == [(str(key), "reconcile")] * 2, "once for each spec"
    assert cluster.model(key)["status"]["placements"], "what was said before is lost"
    monkeypatch.setattr("fogline.reconcile.decisions.intend", intend)
    operator.wake([key])
    cluster.run_for(20)
    assert nodes_of(cluster, key) == ["a"] * 3
    assert reasons(cluster, key)["Ready"] == "AllReplicasReady"


@pytest.mark.usefixtures("place_mistake")
def test_gated_pods_that_cannot_be_decided_hold_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    cluster = furnished("a")
    operate(cluster)
    poison, good = add(cluster, POISON, placement={"priority": 9}), add(cluster, "good")
    cluster.run_for(20)
    assert (nodes_of(cluster, poison), nodes_of(cluster, good)) == ([], ["a"])
    assert reasons(cluster, poison)["Placed"] == "InternalError"
    assert told(caplog) == [(str(poison), "place")]


@pytest.mark.usefixtures("move_mistake")
def test_a_model_whose_moves_cannot_be_decided_stays_and_the_others_move(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cluster = furnished("a", "b")
    operate(cluster, ONE_MOVE)
    poison, good = add(cluster, POISON), [add(cluster, f"good-{number}") for number in range(2)]
    cluster.run_for(20)
    cluster.cordon("a")
    cluster.run_for(60)
    assert nodes_of(cluster, poison) == ["a"]
    assert [nodes_of(cluster, key) for key in good] == [["b"], ["b"]]
    assert reasons(cluster, poison)["Rebalancing"] == "InternalError"
    assert reasons(cluster, poison)["Ready"] == "AllReplicasReady"
    assert told(caplog) == [(str(poison), "move")]


def test_a_move_that_a_mistake_has_stopped_takes_no_budget_from_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = furnished("a", "b")
    operator = operate(cluster, ONE_MOVE)
    poison = add(cluster, POISON)
    cluster.run_for(20)
    good = add(cluster, "good")
    cluster.run_for(20)
    spoilt = spoiled(intend, name_of_model)
    cluster.cordon("a")
    while not operator.view.victims():
        cluster.run_for(0.1)
    assert {one.model for one in operator.view.victims()} == {poison}, "the story is another one"
    monkeypatch.setattr("fogline.reconcile.decisions.intend", spoilt)
    operator.wake([poison, good])
    cluster.run_for(60)
    assert nodes_of(cluster, good) == ["b"]


@pytest.mark.usefixtures("reconcile_mistake")
def test_a_story_in_which_nobody_expects_a_mistake_fails_with_it() -> None:
    cluster = furnished("a")
    MemoryOperator(cluster.store, cluster.timeline)
    add(cluster, POISON)
    with pytest.raises(AssertionError, match=Part.RECONCILE):
        cluster.run_for(20)
