"""Each move that saves money answers to a change, or it is told."""

from collections.abc import Mapping
from typing import Any

import pytest
from bench.moves.causes import SLACK_SECONDS, Causes
from dev.cluster import simulated_node
from tests.support.builders import make_model, make_variant
from tests.support.changes import key_of
from tests.support.memory_cluster import MemoryCluster, MemoryOperator

from fogline.cluster.kinds import PODS
from fogline.names import COST_LABEL, MOVE_PREFIX, TIER_LABEL, ModelKey
from fogline.placement import demand_of

KEY = ModelKey("default", "digits")


class Story:
    """One replica on the cheaper one of two nodes, and somebody who marks it for a move."""

    def __init__(self) -> None:
        self.cluster = MemoryCluster()
        for name, price in (("here", "0.1"), ("there", "0.5")):
            self.cluster.add_node(simulated_node(name, {TIER_LABEL: "Cloud", COST_LABEL: price}))
        model = make_model(replicas=1, variants=[make_variant("cloud", "Cloud")])
        self.causes = Causes(self.cluster, {KEY: demand_of(model)})
        self.cluster.follow(self.causes.see)
        self.operator = MemoryOperator(self.cluster.store, self.cluster.timeline)
        self.cluster.add_model(model)
        self.cluster.run_for(30)
        self.operator.crash()
        self.cluster.run_for(2 * SLACK_SECONDS)

    def mark(self, **more: str) -> None:
        """Begin a move, as the operator marks it."""
        (pod,) = self.cluster.pods()
        marks = {"id": "m", "to": "there", "variant": "cloud", "reason": "BetterNode", **more}
        notes: Mapping[str, Any] = {
            **pod["metadata"]["annotations"],
            **{f"{MOVE_PREFIX}{key}": value for key, value in marks.items()},
        }
        self.cluster.store.change(PODS, key_of(pod), metadata={"annotations": notes})


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_move_that_nothing_called_for_is_told(story: Story) -> None:
    story.mark(**{"saving-per-hour": "0.2"})
    assert len(story.causes.unexplained) == 1
    assert "there" in story.causes.unexplained[0]


@pytest.mark.parametrize(("node", "price"), [("there", "0.01"), ("here", "3")])
def test_a_move_answers_to_a_price(story: Story, node: str, price: str) -> None:
    story.cluster.label("there", {COST_LABEL: "0.4"})
    story.cluster.label(node, {COST_LABEL: price})
    story.mark(**{"saving-per-hour": "0.2"})
    assert story.causes.unexplained == []
    assert story.causes.found == {"the price of a node changed": 1}


def test_a_price_that_made_the_target_dearer_calls_for_nothing(story: Story) -> None:
    story.cluster.label("there", {COST_LABEL: "0.9"})
    story.mark(**{"saving-per-hour": "0.2"})
    assert len(story.causes.unexplained) == 1


def test_a_move_answers_to_a_node_that_came_back(story: Story) -> None:
    story.cluster.cordon("there")
    story.cluster.cordon("there", unschedulable=False)
    story.mark(**{"saving-per-hour": "0.2"})
    assert story.causes.found == {"a node came back": 1}


def test_a_forced_move_needs_no_such_cause(story: Story) -> None:
    story.mark()
    assert story.causes.unexplained == []
    assert not story.causes.found


@pytest.mark.parametrize(
    ("variant", "cause"),
    [
        ("edge", "it stood in for one that was lost, in a variant it could not choose"),
        ("cloud", "other replicas of the model came or went"),
    ],
)
def test_a_replica_that_stands_in_for_a_lost_one_may_move_to_the_variant_that_it_could_not_choose(
    story: Story, variant: str, cause: str
) -> None:
    (lost,) = story.cluster.pods()
    story.cluster.store.delete(PODS, key_of(lost))
    MemoryOperator(story.cluster.store, story.cluster.timeline)
    story.cluster.run_for(SLACK_SECONDS / 2)
    story.mark(variant=variant, **{"saving-per-hour": "0.2"})
    assert story.causes.found == {cause: 1}
