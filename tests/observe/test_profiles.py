"""What NodeProfiles say about a node: which of them are about it, and which of their facts count."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.profiles import LABELS, make_profile, measured_profile, node_with, profiles

from fogline.api import Billing, DataSensitivity, Tier
from fogline.observe import Profile, Profiles

EDGE = {"fogline.dev/tier": "Edge", "example.com/model": "box-3"}
BOX = {"example.com/model": "box-3"}


def test_a_profile_gives_every_fact_that_labels_may_give_and_the_share_besides() -> None:
    node = node_with(
        EDGE,
        make_profile(
            "boxes",
            BOX,
            costPerHour="0.05",
            billing="Node",
            latency=[{"milliseconds": 30}, {"clientSite": "plant-a", "milliseconds": 2}],
            capacityShare="0.8",
        ),
    )
    assert (node.cost_per_hour, node.billing, node.capacity_share) == (
        Decimal("0.05"),
        Billing.NODE,
        Decimal("0.8"),
    )
    assert (node.latency_from(None), node.latency_from("plant-a"), node.latency_from("plant-b")) == (
        30,
        2,
        30,
    )


def test_a_profile_beats_labels_fact_by_fact() -> None:
    labels = {
        **EDGE,
        "fogline.dev/cost-per-hour": "9",
        "fogline.dev/latency-ms": "50",
        "latency.fogline.dev/plant-a": "40",
    }
    node = node_with(labels, make_profile("boxes", BOX, costPerHour="0", latency=[{"milliseconds": 30}]))
    assert node.cost_per_hour == 0
    assert (node.latency_milliseconds, node.latency_from("plant-a")) == (30, 40)


def test_without_any_profile_all_of_a_node_may_be_used() -> None:
    assert node_with(EDGE).capacity_share == 1


@pytest.mark.parametrize(
    ("labels", "selected"),
    [
        ({"a": "1", "b": "2", "c": "3"}, True),
        ({"a": "1", "b": "2"}, True),
        ({"a": "1"}, False),
        ({"a": "1", "b": "3"}, False),
        ({}, False),
    ],
)
def test_a_profile_is_about_the_nodes_that_have_all_its_labels(
    labels: dict[str, str],
    selected: bool,  # noqa: FBT001  a column of the table
) -> None:
    profile = make_profile("p", {"a": "1", "b": "2"}, costPerHour="7")
    assert bool(node_with(labels, profile).cost_per_hour) is selected
    assert node_with(labels, make_profile("all", {}, costPerHour="7")).cost_per_hour == 7


def test_the_more_specific_profile_counts_and_the_other_fills_what_it_leaves_open() -> None:
    node = node_with(
        {"a": "1", "b": "2"},
        make_profile("a-general", {}, costPerHour="1", billing="Share", latency=[{"milliseconds": 90}]),
        make_profile(
            "b-middle", {"a": "1"}, costPerHour="2", latency=[{"clientSite": "x", "milliseconds": 5}]
        ),
        make_profile("c-special", {"a": "1", "b": "2"}, costPerHour="3"),
    )
    assert (node.cost_per_hour, node.billing) == (Decimal(3), Billing.SHARE)
    assert (node.latency_from(None), node.latency_from("x")) == (90, 5)


def test_of_two_equally_specific_profiles_the_first_by_name_counts() -> None:
    tied = [make_profile("b", {"a": "1"}, costPerHour="2"), make_profile("a", {"b": "2"}, costPerHour="1")]
    for order in (tied, tied[::-1]):
        assert node_with({"a": "1", "b": "2"}, *order).cost_per_hour == 1


def test_billing_by_default_follows_the_tier_also_with_a_profile() -> None:
    profile = make_profile("p", {}, costPerHour="1")
    assert node_with(EDGE, profile).billing is Billing.SHARE
    assert node_with({}, profile).billing is Billing.NODE


def test_no_profile_changes_tier_region_or_clearance() -> None:
    profile = make_profile("p", {}, costPerHour="1", billing="Node", latency=[{"milliseconds": 1}])
    bare, known = node_with({}), node_with({}, profile)
    assert (known.tier, known.region, known.clearance) == (bare.tier, bare.region, bare.clearance)
    assert (known.tier, known.region, known.clearance) == (Tier.CLOUD, None, DataSensitivity.PUBLIC)


@pytest.mark.parametrize(
    ("until", "stale"),
    [
        ("2030-01-01T11:59:59Z", True),
        ("2030-01-01T12:00:00Z", True),
        ("2030-01-01T12:00:01Z", False),
        ("2030-01-01T13:00:00+01:00", True),
        ("2030-01-01T12:00:00.5Z", False),
        ("1000-01-01T00:00:00+23:59", True),
        ("9999-12-31T23:59:59-23:59", False),
    ],
)
def test_a_profile_is_stale_from_the_second_on_that_it_names(
    until: str,
    stale: bool,  # noqa: FBT001  a column of the table
) -> None:
    profile = make_profile("p", {}, costPerHour="1", validUntil=until)
    assert profile.is_stale(datetime(2030, 1, 1, 12, tzinfo=UTC)) is stale
    assert not make_profile("p", {}, costPerHour="1").is_stale(datetime.max.replace(tzinfo=UTC))


@given(profiles(), LABELS, st.randoms())
def test_the_order_of_profiles_never_matters(
    found: list[Profile], labels: dict[str, str], random: Random
) -> None:
    node = node_with(labels, *found)
    shuffled = list(found)
    random.shuffle(shuffled)
    assert node_with(labels, *shuffled) == node


@given(profiles(), LABELS)
def test_the_index_finds_what_looking_at_every_profile_finds(
    found: list[Profile], labels: dict[str, str]
) -> None:
    index = Profiles(found)
    expected = sorted(
        (one for one in found if one.node_selector.items() <= labels.items()),
        key=lambda one: (-len(one.node_selector), one.name),
    )
    assert index.of(labels) == expected
    for gone in found:
        index.drop(gone.name)
        assert gone not in index.of(labels)


def test_a_profile_of_an_administrator_beats_a_measured_one_that_is_more_specific() -> None:
    labels = {"a": "1", "b": "2"}
    written = make_profile("z", {}, latency=[{"clientSite": "x", "milliseconds": 30}])
    found = measured_profile("a", labels, latency=[{"clientSite": "x", "milliseconds": 3}])
    assert node_with(labels, found, written).latency_from("x") == 30
    assert node_with(labels, found).latency_from("x") == 3


def test_what_an_administrator_says_nothing_of_is_as_it_was_measured() -> None:
    written = make_profile("z", {}, costPerHour="2")
    found = measured_profile("a", {}, latency=[{"clientSite": "x", "milliseconds": 3}])
    node = node_with({}, found, written)
    assert (node.latency_from("x"), node.cost_per_hour) == (3, Decimal(2))


@given(LABELS, st.integers(0, 600_000))
def test_a_measured_profile_changes_latencies_of_a_node_and_nothing_else(
    labels: Mapping[str, str], milliseconds: int
) -> None:
    latency = [{"clientSite": "", "milliseconds": milliseconds}, {"clientSite": "x", "milliseconds": 1}]
    lying = measured_profile("m", {}, latency=latency, costPerHour="0", billing="Share", capacityShare="1")
    plain, node = node_with(labels), node_with(labels, lying)
    assert (node.latency_milliseconds, node.latency_from("x")) == (milliseconds, 1)
    assert plain == replace(node, latency_milliseconds=None, client_site_latency_milliseconds={})
