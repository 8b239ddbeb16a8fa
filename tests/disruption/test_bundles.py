"""Moves that save only together."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.support.builders import make_model, make_node
from tests.support.live import NOW, Document
from tests.support.moving import LATER, look, runs, started, waits

from fogline.disruption import Bundle, Step, bundles_of
from fogline.mover.rebalance import Rebalance
from fogline.names import MOVE_PREFIX, ModelKey
from fogline.placement.optimised import OptimisedPlan, Placed
from fogline.snapshot import Node, Pod, ReplicaOf

PAIR = make_model(replicas=2, disruption={"budgets": [{"moves": 5}]})
KEY = ModelKey("default", "digits")
BOTH = Bundle(tuple(Step(KEY, name, "a", "b", "cloud", None) for name in "pq"))


def nodes(dear: str = "1", cheap: str = "0.5") -> list[Node]:
    return [make_node("a", cost=dear), make_node("b", cost=cheap)]


def pair() -> list[Document]:
    return [runs(PAIR, "p", "a"), runs(PAIR, "q", "a")]


def carry_on(where: list[Node], there: list[Document], bundle: Bundle = BOTH, **more: Any) -> Rebalance:
    return look(where, (more.pop("model", PAIR), there), bundles=(bundle,), **more)


def leaving(document: Document) -> Document:
    notes = {
        "id": "m1",
        "to": "b",
        "variant": "cloud",
        "reason": "BetterPlan",
        "saving-per-hour": "0.25",
        "started-at": f"{LATER:%Y-%m-%dT%H:%M:%SZ}",
    }
    marks = {MOVE_PREFIX + key: value for key, value in notes.items()}
    meta = document["metadata"]
    return {**document, "metadata": {**meta, "annotations": {**meta["annotations"], **marks}}}


def test_alone_neither_of_two_replicas_on_a_node_saves_its_price() -> None:
    assert started(look(nodes(), (PAIR, pair()))) == {}


def test_together_they_save_it() -> None:
    outcome = carry_on(nodes(), pair())
    assert started(outcome) == {"p": ("BetterPlan", "b"), "q": ("BetterPlan", "b")}
    assert [one.saving_per_hour for one in outcome.start] == [Decimal("0.25"), Decimal("0.25")]


def test_a_plan_that_saves_too_little_by_now_is_given_up() -> None:
    outcome = carry_on(nodes(cheap="0.9"), pair())
    assert (started(outcome), outcome.bundles) == ({}, ())


def test_a_plan_about_a_replica_that_is_gone_is_given_up() -> None:
    outcome = carry_on(nodes(), [runs(PAIR, "p", "a"), runs(PAIR, "r", "a")])
    assert (started(outcome), outcome.bundles) == ({}, ())


def test_a_plan_begins_when_all_of_its_replicas_may_move() -> None:
    outcome = carry_on(nodes(), pair(), now=NOW + timedelta(seconds=1))
    assert started(outcome) == {}
    assert waits(outcome, PAIR) == {"p": "CoolingDown", "q": "CoolingDown"}
    assert outcome.bundles == (BOTH,)


def test_a_plan_that_has_begun_goes_on_with_the_rest_although_the_first_move_alone_costs_more() -> None:
    slow = make_model(replicas=2)
    (first,) = carry_on(nodes(), pair(), model=slow).start
    assert first.replica.name == "p"
    there = [leaving(runs(slow, "p", "a")), runs(slow, "q", "a")]
    outcome = carry_on(nodes(), there, model=slow, victims=(first.replica,))
    assert [step.pod for bundle in outcome.bundles for step in bundle.begun] == ["p"]
    assert [step.pod for bundle in outcome.bundles for step in bundle.steps] == ["q"]
    assert started(outcome) == {"q": ("BetterPlan", "b")}


def test_a_plan_that_has_begun_goes_on_without_a_replica_that_is_gone() -> None:
    slow = make_model(replicas=2)
    (first,) = carry_on(nodes(), pair(), model=slow).start
    p, q, gone = (Step(KEY, name, "a", "b", "cloud", None) for name in ("p", "q", "gone"))
    there = [leaving(runs(slow, "p", "a")), runs(slow, "q", "a")]
    outcome = carry_on(nodes(), there, Bundle((q, gone), (p,)), model=slow, victims=(first.replica,))
    assert outcome.bundles == (Bundle((q,), (p,)),)
    assert started(outcome) == {"q": ("BetterPlan", "b")}


def test_a_plan_of_which_a_move_was_aborted_is_given_up() -> None:
    begun = Bundle(BOTH.steps[1:], BOTH.steps[:1])
    outcome = carry_on(nodes(), pair(), begun)
    assert (started(outcome), outcome.bundles) == ({}, ())


def test_a_plan_whose_target_has_no_room_any_more_is_given_up() -> None:
    full = [make_node("a"), make_node("b", cost="0.5", cordoned=True)]
    outcome = carry_on(full, pair())
    assert (started(outcome), outcome.bundles) == ({}, ())


def test_a_model_whose_user_wants_no_moves_makes_none_of_a_plan() -> None:
    off = make_model(replicas=2, rebalancing={"mode": "Disabled"})
    outcome = carry_on(nodes(), pair(), model=off)
    assert (started(outcome), outcome.bundles) == ({}, ())


def placed(model: str, name: str, source: str, target: str) -> Placed:
    key = ModelKey("default", model)
    pod = Pod("default", name, source, {}, ReplicaOf(key, "cloud", None))
    return Placed(key, "cloud", None, target, Decimal(1), Decimal(0), pod)


def test_a_group_that_empties_nodes_is_a_plan_and_the_node_with_fewer_to_go_is_emptied_first() -> None:
    groups = (
        (placed("m", "m1", "a", "c"), placed("m", "m2", "a", "c"), placed("n", "n1", "b", "c")),
        (placed("o", "o1", "x", "y"),),
    )
    plan = OptimisedPlan((), (), (), (), (), Decimal(0), groups)
    assert [[step.pod for step in bundle.steps] for bundle in bundles_of(plan)] == [
        ["n1", "m1", "m2"],
        ["o1"],
    ]
