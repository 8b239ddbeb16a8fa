"""How a new version goes from a canary to all replicas, or back."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.live import NOW
from tests.support.rollouts import NEW, NEWER, OLD, Scene, new, old, pod

from fogline.api import RolloutState
from fogline.conditions import Reason
from fogline.rollout import (
    Figures,
    Mark,
    Observed,
    Version,
    read_mark,
    read_version,
    write_mark,
    write_version,
)

CANARY = Mark(RolloutState.CANARY, OLD, NEW, "old", NOW)
WATCHED = Mark(RolloutState.CANARY, OLD, NEW, "old", NOW, ready_since=NOW)
PROMOTING = Mark(RolloutState.PROMOTING, OLD, NEW, "old", NOW, ready_since=NOW)
INTERRUPTED = Mark(RolloutState.INTERRUPTED, OLD, NEW, "old", NOW)
ROLLED_BACK = Mark(RolloutState.ROLLED_BACK, OLD, NEW, "old", NOW, why="it was slow")
GOOD = Figures(requests=100, errors=0, p99_milliseconds=10.0)


def canary(mark: Mark = WATCHED, **fields: Any) -> Scene:
    """One of four replicas serves the new version."""
    return Scene([*old(3), *new(1)], serves=NEW, mark=mark, is_mixed=True, **fields)


def test_a_new_version_begins_with_a_canary() -> None:
    step = Scene(old(4)).step()
    assert (step.version, step.mark) == (NEW, CANARY)


@pytest.mark.parametrize(
    "scene",
    [
        Scene(old(4), rules={"canaryPercent": 0}),
        Scene([]),
        Scene(old(4), desired=0),
        Scene([pod("a", ready=False)]),
        Scene([*old(2), *new(2)], is_mixed=True),
        Scene(old(4), serves=None),
        Scene(old(4), wanted=Version()),
        Scene(old(4), serves=NEW),
    ],
    ids=[
        "no canary",
        "no pods",
        "scaled to zero",
        "none Ready",
        "rolling out already",
        "unknown",
        "awaited",
        "the same",
    ],
)
def test_without_an_old_version_that_serves_everywhere_nothing_is_tried(
    scene: Scene,
) -> None:
    step = scene.step()
    assert (step.version, step.mark, step.reason) == (scene.wanted, None, Reason.ONE_VERSION)


def test_what_the_pods_serve_is_not_certain_before_the_deployment_controller_has_seen_the_template() -> None:
    step = Scene(old(4), is_observed=False).step()
    assert (step.version, step.mark) == (OLD, None)


def test_no_canary_begins_while_replicas_have_to_leave_their_nodes() -> None:
    step = Scene(old(4), is_calm=False).step()
    assert (step.version, step.mark, step.reason) == (OLD, INTERRUPTED, Reason.INTERRUPTED)
    assert Scene(old(4), mark=INTERRUPTED).step(after=9).mark == Mark(
        RolloutState.CANARY, OLD, NEW, "old", NOW + timedelta(seconds=9)
    )


def test_a_canary_gives_way_to_replicas_that_have_to_leave_their_nodes() -> None:
    step = canary(is_calm=False).step()
    assert (step.version, step.reason) == (OLD, Reason.INTERRUPTED)
    assert step.mark is not None
    assert step.mark.state is RolloutState.INTERRUPTED


def test_a_canary_is_watched_from_when_all_of_it_is_ready() -> None:
    assert canary(CANARY).step().mark == WATCHED
    unready = Scene([*old(3), *new(1, ready=False)], serves=NEW, mark=WATCHED, is_mixed=True)
    assert unready.step().mark == CANARY


def test_it_is_promoted_after_the_time_that_the_spec_says() -> None:
    assert canary().step(after=59).mark == WATCHED
    step = canary().step(after=60)
    assert step.mark is not None
    assert (step.version, step.mark.state) == (NEW, RolloutState.PROMOTING)


def test_a_promotion_ends_when_all_replicas_serve_the_new_version() -> None:
    assert Scene([*old(1), *new(3)], serves=NEW, mark=PROMOTING, is_mixed=True).step().mark == PROMOTING
    step = Scene(new(4), serves=NEW, mark=PROMOTING).step()
    assert (step.version, step.mark, step.reason) == (NEW, None, Reason.ONE_VERSION)


@pytest.mark.parametrize(
    ("rules", "observed", "why"),
    [
        (
            {"maxErrorRate": "0.01"},
            Observed(Figures(100, 2, 10.0), GOOD),
            "2 of 100 requests with an error, maxErrorRate is 0.01",
        ),
        (
            {"maxLatencyRatio": "1.5"},
            Observed(Figures(100, 0, 15.1), GOOD),
            "15.1 ms, those of the old version within 10.0 ms, maxLatencyRatio is 1.5",
        ),
        (
            {"minAgreement": "0.99", "samples": ["{}"]},
            Observed(GOOD, GOOD, agreement=0.9),
            "90.0% of the samples like the old version, minAgreement is 0.99",
        ),
    ],
    ids=["errors", "latency", "answers"],
)
@pytest.mark.parametrize("mark", [WATCHED, PROMOTING], ids=["canary", "promoting"])
def test_a_worse_version_is_taken_back_with_the_numbers(
    rules: dict[str, Any], observed: Observed, why: str, mark: Mark
) -> None:
    step = canary(mark, rules=rules).step(observed)
    assert step.mark is not None
    assert (step.version, step.mark.state, step.reason) == (OLD, RolloutState.ROLLED_BACK, Reason.ROLLED_BACK)
    assert why in step.message
    assert step.mark.why == step.message


def test_one_that_is_not_ready_in_time_is_taken_back_with_its_trouble() -> None:
    late = pod("new-0", "newer", ready=False, trouble="server: CrashLoopBackOff")
    scene = Scene([*old(4), late], serves=NEW, mark=CANARY, is_mixed=True)
    assert scene.step(after=600).reason is Reason.CANARY
    assert scene.step(after=601).message == (
        "new-0 on cloud-1 is not Ready after 600 s: server: CrashLoopBackOff"
    )


def test_one_that_was_ready_is_not_taken_back_for_a_moment_in_which_it_is_not() -> None:
    blinks = pod("new-0", "newer", ready=False, readiness_since=NOW + timedelta(seconds=3600))
    for mark in (WATCHED, PROMOTING):
        scene = Scene([*old(3), blinks], serves=NEW, mark=mark, is_mixed=True)
        assert scene.step(after=4200).reason is not Reason.ROLLED_BACK
        assert scene.step(after=4201).reason is Reason.ROLLED_BACK


@pytest.mark.parametrize("mark", [CANARY, WATCHED, PROMOTING, INTERRUPTED], ids=lambda mark: mark.state.value)
def test_a_model_that_was_scaled_to_zero_meanwhile_begins_again_with_the_old_version(mark: Mark) -> None:
    step = Scene([], serves=NEW, mark=mark, desired=0).step()
    assert step.version == OLD
    assert step.mark is not None
    assert (step.mark.state, step.mark.target) == (RolloutState.INTERRUPTED, NEW)
    starting = [pod("a", ready=False), pod("b", ready=False)]
    assert Scene(starting, mark=step.mark).step().version == OLD
    again = Scene(old(2), mark=step.mark).step().mark
    assert again is not None
    assert again.state is RolloutState.CANARY


def test_what_is_taken_back_stays_so_at_zero_replicas_too() -> None:
    step = Scene([], mark=ROLLED_BACK, desired=0).step()
    assert (step.version, step.mark) == (OLD, ROLLED_BACK)


def test_an_old_version_that_does_not_come_back_is_waited_for_no_longer_than_any_replica() -> None:
    broken = Scene([pod("a", ready=False)], mark=INTERRUPTED)
    assert broken.step(after=600).version == OLD
    step = broken.step(after=601)
    assert (step.version, step.mark) == (NEW, None)


def test_what_is_taken_back_stays_so_until_the_spec_says_something_else() -> None:
    step = Scene(old(4), mark=ROLLED_BACK).step(after=86_400)
    assert (step.version, step.mark, step.message) == (OLD, ROLLED_BACK, "it was slow")
    assert Scene(old(4), mark=ROLLED_BACK, wanted=OLD).step().mark is None
    assert Scene(old(4), mark=ROLLED_BACK, wanted=NEWER).step().mark == Mark(
        RolloutState.CANARY, OLD, NEWER, "old", NOW
    )


def test_few_requests_are_no_verdict() -> None:
    few = Observed(Figures(19, 19, 900.0), GOOD)
    scene = canary(rules={"maxErrorRate": "0.01"})
    assert scene.step(few).mark == WATCHED
    assert scene.step(few, after=60).message == "the new version has answered 19 of minRequests 20"


@pytest.mark.parametrize(("errors", "alike"), [(7, 19), (0, 20)])
def test_what_is_exactly_at_a_limit_keeps_to_it(errors: int, alike: int) -> None:
    scene = canary(rules={"maxErrorRate": "0.07", "minAgreement": "0.95", "samples": ["{}"]})
    step = scene.step(Observed(Figures(100, errors, 1.0), GOOD, alike / 20), after=60)
    assert step.reason is Reason.PROMOTING


@pytest.mark.parametrize(
    ("rules", "lacks"),
    [
        ({"maxErrorRate": "0.01"}, "nobody counts errors"),
        ({"maxLatencyRatio": "1.5"}, "nobody measures latency"),
        ({"minAgreement": "0.99", "samples": ["{}"]}, "nobody compares answers"),
    ],
    ids=["errors", "latency", "answers"],
)
def test_a_limit_that_nobody_measures_holds_the_canary(rules: dict[str, Any], lacks: str) -> None:
    step = canary(rules=rules).step(after=86_400)
    assert (step.mark, step.reason, step.message) == (WATCHED, Reason.FIGURES_MISSING, lacks)


def test_the_only_replica_is_not_compared_with_an_old_one_that_is_gone() -> None:
    scene = Scene(new(1), serves=NEW, mark=WATCHED, desired=1, rules={"maxLatencyRatio": "1.5"})
    step = scene.step(Observed(GOOD, None), after=60)
    assert step.mark is not None
    assert step.mark.state is RolloutState.PROMOTING


@pytest.mark.parametrize("mark", [CANARY, WATCHED, PROMOTING], ids=lambda mark: mark.state.value)
def test_a_newer_version_waits_until_the_old_one_is_back_and_then_begins(mark: Mark) -> None:
    step = canary(mark, wanted=NEWER).step()
    assert step.version == OLD
    assert step.mark is not None
    assert (step.mark.state, step.mark.target) == (RolloutState.INTERRUPTED, NEWER)
    back = Scene(old(4), mark=step.mark, wanted=NEWER).step()
    assert (back.version, back.mark) == (NEWER, Mark(RolloutState.CANARY, OLD, NEWER, "old", NOW))


def test_who_takes_the_new_version_out_of_the_spec_gets_the_old_one_at_once() -> None:
    step = canary(wanted=OLD).step()
    assert (step.version, step.mark) == (OLD, None)


def test_without_a_canary_in_the_spec_any_more_the_new_version_goes_to_all() -> None:
    step = canary(rules={"canaryPercent": 0}).step()
    assert (step.version, step.mark) == (NEW, None)


@pytest.mark.parametrize("mark", [CANARY, WATCHED, PROMOTING, ROLLED_BACK], ids=lambda mark: mark.state.value)
def test_notes_on_a_deployment_are_read_as_they_were_written(mark: Mark) -> None:
    assert read_mark(write_mark(mark)) == mark
    assert read_version(write_version(mark.target)) == mark.target


@pytest.mark.parametrize("note", [None, "", "[1]", '{"artifact": 1}', '{"state": "Else"}'])
def test_a_note_that_cannot_be_read_is_none(note: str | None) -> None:
    assert read_mark(note) is None
    assert read_version(note) is None
