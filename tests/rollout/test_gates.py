"""Which gates a rollout keeps closed."""

import pytest
from tests.support.live import NOW
from tests.support.rollouts import NEW, OLD, Scene, gated, new, old

from fogline.api import RolloutState, Tier
from fogline.rollout import Mark, canaries

CANARY = Mark(RolloutState.CANARY, OLD, NEW, "old", NOW)
PROMOTING = Mark(RolloutState.PROMOTING, OLD, NEW, "old", NOW)
NIGHT = {"edge": {"windows": [{"schedule": "0 1 * * *", "durationSeconds": 3600}]}}
DAY = {"edge": {"windows": [{"schedule": "0 3 * * *", "durationSeconds": 3600}]}}
"""It is four minutes past three."""


@pytest.mark.parametrize(
    ("desired", "percent", "size"), [(1, 10, 1), (2, 1, 1), (2, 100, 1), (4, 25, 1), (4, 26, 2), (10, 100, 9)]
)
def test_a_canary_is_the_share_rounded_up_but_not_all(desired: int, percent: int, size: int) -> None:
    assert canaries(desired, percent) == size


def test_no_more_new_pods_come_than_the_canary_has() -> None:
    assert Scene([*old(4), gated("a"), gated("b")], mark=CANARY).held() == {"b"}
    assert Scene([*old(3), *new(1), gated("a")], mark=CANARY).held() == {"a"}


def test_all_may_come_when_it_is_promoted() -> None:
    assert Scene([*old(3), *new(1), gated("a")], mark=PROMOTING).held() == set()


def test_new_pods_come_at_once_where_old_ones_are_too_few() -> None:
    assert Scene([*old(2), *new(1), gated("a"), gated("b")], mark=CANARY).held() == {"b"}


def test_pods_of_the_old_version_are_never_held() -> None:
    assert Scene([*old(3), gated("a", "old")], mark=CANARY).held() == set()


def test_edge_nodes_take_a_new_version_one_after_another() -> None:
    waiting = [gated("a"), gated("b")]
    assert Scene([*old(4), *waiting], tier=Tier.EDGE).held() == {"b"}
    assert Scene([*old(4), *new(1, ready=False), *waiting], tier=Tier.EDGE).held() == {"a", "b"}
    assert Scene([*old(3), *new(1), *waiting], tier=Tier.EDGE).held() == {"b"}


def test_at_its_first_start_an_edge_variant_comes_all_at_once() -> None:
    assert Scene([gated("a"), gated("b")], tier=Tier.EDGE).held() == set()


def test_edge_nodes_take_a_new_version_in_a_window_only() -> None:
    pods = [*old(4), gated("a")]
    assert Scene(pods, rules=NIGHT, tier=Tier.EDGE).held() == {"a"}
    assert Scene(pods, rules=DAY, tier=Tier.EDGE).held() == set()
    assert Scene(pods, rules=NIGHT).held() == set()


def test_a_missing_edge_replica_is_replaced_outside_the_windows_too() -> None:
    assert Scene([*old(3), gated("a"), gated("b")], rules=NIGHT, tier=Tier.EDGE).held() == {"b"}
