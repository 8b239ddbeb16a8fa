"""What is measured of two versions, out of figures by pod template."""

from dataclasses import replace
from datetime import timedelta

from tests.support.live import NOW
from tests.support.rollouts import NEW, OLD, Scene, new, old, pod

from fogline.api import RolloutState
from fogline.rollout import Figures, Mark, Observed, Revision, observe

STATE = Scene([*old(2), *new(1)], serves=NEW, mark=Mark(RolloutState.CANARY, OLD, NEW, "old", NOW)).state
GOOD, BAD = Figures(100, 0, 10.0), Figures(50, 50, 90.0)


def test_the_template_of_the_note_is_the_old_version_and_the_others_are_the_canary() -> None:
    found = observe(STATE, [Revision("old", GOOD), Revision("newer", BAD, 0.5)])
    assert found == Observed(canary=BAD, stable=GOOD, agreement=0.5)


def test_two_templates_of_a_canary_are_added_up_and_the_newest_one_is_compared() -> None:
    latest = pod("latest", "latest", created_at=NOW + timedelta(minutes=1))
    state = replace(STATE, replicas=(*STATE.replicas, latest))
    found = observe(state, [Revision("newer", BAD, 0.5), Revision("latest", Figures(10, 1, None), 1.0)])
    assert found == Observed(canary=Figures(60, 51, 90.0), agreement=1.0)


def test_a_version_that_is_gone_is_still_in_the_figures_and_counts_for_no_other() -> None:
    assert observe(STATE, [Revision("tried-before", BAD, 0.0)]) == Observed()


def test_the_old_version_is_not_held_against_itself() -> None:
    alone = replace(STATE, replicas=tuple(old(2)))
    assert observe(alone, [Revision("old", GOOD, 1.0)]) == Observed(stable=GOOD)


def test_without_a_rollout_nothing_is_told_apart() -> None:
    assert observe(replace(STATE, mark=None), [Revision("old", GOOD)]) == Observed()
