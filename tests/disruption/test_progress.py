"""How far moves are, told from the marks on pods."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import make_model
from tests.support.live import NOW
from tests.support.movers import (
    MOVE,
    arrives,
    at,
    ends,
    evicting,
    failed,
    leaves,
    replicas,
    runs,
    starting,
    stays,
)

from fogline.api import MoveResult
from fogline.disruption import Progress, Terms, follow

MODEL = make_model()
OLD = leaves(runs(MODEL, "old"))
NEW = arrives(runs(MODEL, "new", "cloud-1"))
COMING = arrives(starting(MODEL, "new"))
SECONDS = 600


def terms(**given: Any) -> Terms:
    """Make the terms of one replica whose moves nothing hinders."""
    defaults: dict[str, Any] = {"exists": lambda _: True, "hindrance": lambda _: ""}
    return Terms(**{"wanted": 1, "ready_timeout_seconds": SECONDS, **defaults, **given})


def look(*documents: Any, seconds: int = 1, **given: Any) -> Progress:
    return follow(replicas(*documents), terms(**given), NOW + timedelta(seconds=seconds))


def ended(progress: Progress) -> list[tuple[MoveResult, str]]:
    return [(one.result, one.message) for one in progress.ended]


def test_a_victim_alone_waits_for_its_replacement() -> None:
    progress = look(OLD)
    (one,) = progress.underway
    assert (one.victim.name, one.replacement, one.is_replaced, one.is_awaited) == ("old", None, False, True)
    assert progress.next_deadline == NOW + timedelta(seconds=SECONDS)


def test_a_victim_may_go_once_its_replacement_is_ready_and_no_sooner() -> None:
    assert [one.is_replaced for one in look(OLD, COMING).underway] == [False]
    (one,) = look(OLD, NEW).underway
    assert one.is_replaced


def test_a_move_is_complete_when_the_victim_is_gone_and_the_replacement_serves() -> None:
    for documents in ([NEW], [ends(OLD), NEW]):
        (one,) = look(*documents).ended
        assert (one.move.id, one.result, one.move.source, one.move.target) == (
            "m1",
            MoveResult.COMPLETED,
            "drained",
            "cloud-1",
        )
    assert look(COMING).ended == ()


def test_a_move_is_given_up_when_time_is_over_and_the_message_names_the_trouble() -> None:
    broken = arrives(starting(MODEL, "new"))
    waiting = {"name": "server", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such"}}}
    broken["status"] = {"phase": "Pending", "containerStatuses": [waiting]}
    assert look(OLD, broken, seconds=SECONDS).ended == ()
    assert ended(look(OLD, broken, seconds=SECONDS + 1)) == [
        (
            MoveResult.ABORTED,
            "its replacement was not Ready within 600 s: server: ImagePullBackOff: no such",
        )
    ]


def test_the_message_names_how_the_replacement_ended() -> None:
    (found,) = ended(look(OLD, failed(NEW), seconds=SECONDS + 1))
    assert found == (MoveResult.ABORTED, "its replacement was not Ready within 600 s: OutOfcpu")


def test_the_message_says_why_no_pod_could_be_made() -> None:
    (found,) = ended(look(OLD, seconds=SECONDS + 1, no_pods={"cloud": "exceeded quota: few"}))
    assert found[1] == "its replacement was not Ready within 600 s: exceeded quota: few"


def test_a_victim_that_is_replaced_may_take_its_time() -> None:
    progress = look(OLD, NEW, seconds=10 * SECONDS)
    assert (len(progress.underway), progress.ended, progress.next_deadline) == (1, (), None)


def test_a_start_that_lies_far_in_the_future_is_no_way_to_go_on_for_ever() -> None:
    forged = leaves(runs(MODEL, "old"), at(NOW + timedelta(days=300)))
    assert [one.result for one in look(forged).ended] == [MoveResult.ABORTED]


def test_after_an_abort_the_newcomer_is_left_over_and_the_victim_is_not() -> None:
    progress = look(OLD, NEW, hindrance=lambda _: "node cloud-1 is gone")
    assert [one.name for one in progress.left_over] == ["new"]
    assert progress.victims == ()
    assert ended(progress) == [(MoveResult.ABORTED, "node cloud-1 is gone")]


def test_what_the_status_told_stays_true_even_if_the_hindrance_is_gone() -> None:
    progress = look(OLD, NEW, told={"m1"})
    assert (progress.underway, [one.name for one in progress.left_over]) == ((), ["new"])
    assert [one.victim.name for one in progress.ended if one.victim] == ["old"]


def test_a_newcomer_whose_victim_lost_its_marks_is_left_over_and_the_abort_is_told_once() -> None:
    unmarked = stays(OLD)
    assert ended(look(unmarked, NEW)) == [(MoveResult.ABORTED, "its marks were taken off the old replica")]
    told = look(unmarked, NEW, told={"m1"})
    assert (told.ended, [one.name for one in told.left_over]) == ((), ["new"])


def test_what_came_by_an_earlier_move_of_the_same_victim_does_not_count_for_the_next() -> None:
    again = leaves(stays(OLD), replace(MOVE, id="m2"))
    progress = look(again, NEW, told={"m1"})
    assert [one.replacement for one in progress.underway] == [None]
    assert [one.name for one in progress.left_over] == ["new"]


def test_of_two_pods_that_came_for_one_victim_the_one_that_serves_counts() -> None:
    other = arrives(starting(MODEL, "another"))
    for documents in ([OLD, NEW, other], [OLD, other, NEW]):
        progress = look(*documents)
        assert [one.replacement and one.replacement.name for one in progress.underway] == ["new"]
        assert [one.name for one in progress.left_over] == ["another"]


def test_a_pod_that_only_says_that_it_came_for_a_replica_is_left_over() -> None:
    healthy = runs(MODEL, "healthy", "cloud-2")
    forged = arrives(runs(MODEL, "forged", "cloud-1"), "uid-of-healthy")
    progress = look(healthy, forged)
    assert (progress.underway, [one.name for one in progress.left_over]) == ((), ["forged"])


def test_a_replacement_may_become_a_victim_itself() -> None:
    onward = replace(MOVE, id="m2", source="cloud-1", target="cloud-2")
    progress = look(leaves(NEW, onward))
    assert [one.move.id for one in progress.underway] == ["m2"]
    assert [(one.move.id, one.result) for one in progress.ended] == [("m1", MoveResult.COMPLETED)]


@pytest.mark.parametrize(("others", "kept"), [(0, ["m1", "m2"]), (1, ["m1"]), (2, []), (3, [])])
def test_moves_that_are_not_needed_any_more_are_given_up_the_latest_first(
    others: int, kept: list[str]
) -> None:
    second = leaves(runs(MODEL, "second"), at(NOW + timedelta(seconds=1), replace(MOVE, id="m2")))
    plain = [runs(MODEL, f"p{number}", "cloud-2") for number in range(others)]
    progress = look(OLD, second, *plain, wanted=2, seconds=2)
    assert [one.move.id for one in progress.underway] == kept
    assert {one.message for one in progress.ended} <= {"no longer called for: fewer replicas are wanted"}


def test_a_replica_on_a_node_that_is_gone_makes_no_move_superfluous() -> None:
    lost = runs(MODEL, "lost", "gone")
    assert len(look(OLD, lost, exists=lambda node: node != "gone").underway) == 1


def test_a_victim_that_is_to_be_evicted_gets_no_replacement_before_it_has_gone() -> None:
    victim = leaves(runs(MODEL, "old"), evicting())
    assert [one.is_awaited for one in look(victim).underway] == [False]
    (one,) = look(ends(victim)).underway
    assert (one.is_awaited, look(ends(victim)).victims) == (True, ())


def test_an_eviction_is_complete_when_what_came_after_it_serves() -> None:
    victim = ends(leaves(runs(MODEL, "old"), evicting()))
    assert len(look(victim, COMING).underway) == 1
    progress = look(victim, NEW)
    assert (progress.underway, [one.result for one in progress.ended]) == ((), [MoveResult.COMPLETED])


def test_an_eviction_that_the_budget_never_allows_is_given_up() -> None:
    victim = leaves(runs(MODEL, "old"), evicting())
    (found,) = ended(look(victim, seconds=SECONDS + 1))
    assert "eviction was refused for 600 s" in found[1]
    assert "spec.disruption.maxUnavailable" in found[1]
