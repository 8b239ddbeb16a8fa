"""Who goes when, and how many replicas each Deployment runs meanwhile."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import make_model
from tests.support.live import NOW, make_live_deployment, pod_document, stored
from tests.support.movers import MOVE, arrives, ends, evicting, leaves, replicas, runs, starting

from fogline.disruption import Progress, Terms, follow
from fogline.observe import Owned
from fogline.reconcile.departures import Departures, departures

MODEL = stored(make_model())
OLD = leaves(runs(MODEL, "old"))
NEW = arrives(runs(MODEL, "new", "cloud-1"))
COMING = arrives(starting(MODEL, "new"))
ACROSS = replace(MOVE, target="edge-1", variant="edge")


def look(
    *documents: Any,
    wanted: dict[str, int],
    asked: dict[str, int],
    must_stay: int,
    status: dict[str, int] | None = None,
) -> Departures:
    """Decide for pods and Deployments.

    Parameters
    ----------
    asked
        Replicas that the Deployment of each variant asks for.
    status
        What differs in the status of the Deployments.
    """
    live = {
        variant: make_live_deployment(MODEL, variant, replicas=number, status=status)
        for variant, number in asked.items()
    }
    seen = Owned(replicas(*documents), live)
    terms = Terms(wanted=9, ready_timeout_seconds=600, exists=lambda _: True, hindrance=lambda _: "")
    progress: Progress = follow(seen.replicas, terms, NOW + timedelta(seconds=1))
    return departures(wanted, seen, progress, must_stay)


def one(*documents: Any, asked: int = 2, must_stay: int = 1, **status: int) -> int:
    """Give what the Deployment of a model of one replica runs."""
    found = look(
        *documents, wanted={"cloud": 1}, asked={"cloud": asked}, must_stay=must_stay, status=status or None
    )
    assert found.evicted == ()
    return found.replicas["cloud"]


def test_a_victim_makes_one_more_until_its_replacement_is_ready() -> None:
    assert one(OLD, asked=1) == 2
    assert one(OLD, COMING) == 2
    assert one(OLD, NEW) == 1


def test_what_was_asked_for_is_not_taken_back_while_it_is_being_done() -> None:
    for not_seen_yet in (2, 3):
        assert one(OLD, NEW, asked=1, observedGeneration=not_seen_yet) == 1
    assert one(ends(OLD), NEW, asked=1) == 1


def test_nobody_goes_before_the_deployment_has_taken_note_of_what_it_was_told() -> None:
    assert one(OLD, NEW, observedGeneration=2) == 2


def test_nobody_goes_while_pods_of_another_template_are_there() -> None:
    assert one(OLD, NEW, updatedReplicas=1) == 2


def test_nobody_goes_while_too_few_others_serve() -> None:
    other = starting(MODEL, "other", "cloud-2")
    found = look(OLD, NEW, other, wanted={"cloud": 2}, asked={"cloud": 3}, must_stay=2)
    assert found == Departures({"cloud": 3})


def test_a_victim_is_asked_for_by_name_where_another_pod_would_go_in_its_place() -> None:
    other = starting(MODEL, "other", "cloud-2")
    found = look(OLD, NEW, other, wanted={"cloud": 2}, asked={"cloud": 3}, must_stay=1)
    assert [replica.name for replica in found.evicted] == ["old"]
    assert found.replicas == {"cloud": 3}


def test_if_another_pod_went_the_victim_stays_until_that_one_is_replaced() -> None:
    wanted = {"cloud": 2}
    assert look(OLD, NEW, wanted=wanted, asked={"cloud": 2}, must_stay=2).replicas == {"cloud": 3}
    third = starting(MODEL, "third", "cloud-2")
    assert look(OLD, NEW, third, wanted=wanted, asked={"cloud": 3}, must_stay=2).replicas == {"cloud": 3}
    third = runs(MODEL, "third", "cloud-2")
    assert look(OLD, NEW, third, wanted=wanted, asked={"cloud": 3}, must_stay=2).replicas == {"cloud": 2}


def test_a_victim_that_does_not_serve_may_go_although_nobody_can_be_spared() -> None:
    idle = leaves(starting(MODEL, "old", "drained"))
    assert one(idle, NEW) == 1


def test_of_two_victims_of_which_one_can_be_spared_the_older_goes() -> None:
    second = leaves(runs(MODEL, "second"), replace(MOVE, id="m2", started_at=NOW + timedelta(seconds=1)))
    came = arrives(runs(MODEL, "came", "cloud-1"), "uid-of-second", replace(MOVE, id="m2"))
    found = look(OLD, second, NEW, came, wanted={"cloud": 2}, asked={"cloud": 4}, must_stay=3)
    assert found.replicas == {"cloud": 3}


def test_a_victim_is_asked_for_by_name_when_another_move_needs_a_pod_at_the_same_time() -> None:
    second = leaves(runs(MODEL, "second"), replace(MOVE, id="m2", started_at=NOW + timedelta(seconds=1)))
    found = look(OLD, NEW, second, wanted={"cloud": 2}, asked={"cloud": 3}, must_stay=2)
    assert found == Departures({"cloud": 3}, (replicas(OLD)[0],))


def test_a_move_to_another_variant_ends_with_one_replica_there() -> None:
    old = leaves(runs(MODEL, "old"), ACROSS)
    coming = arrives(starting(MODEL, "new", "edge-1", "edge"), move=ACROSS)
    serving = arrives(runs(MODEL, "new", "edge-1", "edge"), move=ACROSS)
    both = {"cloud": 1, "edge": 1}
    assert look(old, coming, wanted={"edge": 1}, asked=both, must_stay=1).replicas == both
    assert look(old, serving, wanted={"edge": 1}, asked=both, must_stay=1).replicas == {"edge": 1, "cloud": 0}


def test_no_replica_that_serves_goes_for_one_that_does_not_in_another_variant() -> None:
    found = look(
        runs(MODEL, "serves", "cloud-1"),
        starting(MODEL, "starts", "edge-1", "edge"),
        wanted={"cloud": 0, "edge": 1},
        asked={"cloud": 1, "edge": 1},
        must_stay=1,
    )
    assert found.replicas == {"cloud": 1, "edge": 1}


@pytest.mark.parametrize(("must_stay", "left"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_scaling_down_leaves_what_must_stay(must_stay: int, left: int) -> None:
    pods = [runs(MODEL, f"p{number}", "cloud-1") for number in range(3)]
    assert look(*pods, wanted={}, asked={"cloud": 3}, must_stay=must_stay).replicas == {"cloud": left}


def test_scaling_down_takes_what_does_not_serve_whatever_must_stay() -> None:
    pods = [
        runs(MODEL, "a", "cloud-1"),
        starting(MODEL, "b"),
        pod_document(MODEL, "gated"),
    ]
    assert look(*pods, wanted={"cloud": 1}, asked={"cloud": 3}, must_stay=1).replicas == {"cloud": 1}


def test_a_victim_that_goes_first_makes_no_one_more() -> None:
    victim = leaves(runs(MODEL, "old"), evicting())
    found = look(victim, wanted={"cloud": 1}, asked={"cloud": 1}, must_stay=1)
    assert ([replica.name for replica in found.evicted], found.replicas) == (["old"], {"cloud": 1})


def test_a_victim_that_goes_first_keeps_its_place_in_its_own_variant_until_then() -> None:
    victim = leaves(runs(MODEL, "old"), evicting(ACROSS))
    found = look(victim, wanted={"edge": 1}, asked={"cloud": 1, "edge": 0}, must_stay=0)
    assert found.replicas == {"cloud": 1, "edge": 1}


def test_nobody_waits_for_the_rollout_of_a_variant_that_left_the_spec() -> None:
    old = leaves(runs(MODEL, "old"), ACROSS)
    new = arrives(runs(MODEL, "new", "edge-1", "edge"), move=ACROSS)
    half = {"cloud": make_live_deployment(MODEL, "cloud", replicas=1, status={"updatedReplicas": 0})}
    half["edge"] = make_live_deployment(MODEL, "edge", replicas=1)
    seen = Owned(replicas(old, new), half)
    terms = Terms(wanted=9, ready_timeout_seconds=600, exists=lambda _: True, hindrance=lambda _: "")
    progress = follow(seen.replicas, terms, NOW + timedelta(seconds=1))
    assert departures({"edge": 1}, seen, progress, 1).evicted == ()
    assert departures({"edge": 1}, seen, progress, 1, {"cloud"}).evicted == replicas(old)
