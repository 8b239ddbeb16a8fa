"""How profiles fare against each other, and what is said about it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from tests.support.profiles import LABELS, make_profile, measured_profile, node_with, profiles

from fogline.conditions import Reason
from fogline.observe import Profile, Standing, standings

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
NODES = {"n1": {"a": "1", "b": "2"}, "n2": {"a": "1"}}


def judged(*found: Profile, nodes: Mapping[str, Mapping[str, str]] = NODES) -> dict[str, Standing]:
    return {one.profile.name: one for one in standings(found, nodes.items(), NOW)}


def test_a_profile_whose_facts_count_is_in_effect_and_there_is_nothing_more_to_say() -> None:
    one = judged(make_profile("p", {"a": "1"}, costPerHour="1"))["p"]
    assert (one.verdict, one.nodes) == ((Reason.IN_EFFECT, ""), 2)


def test_a_profile_that_selects_no_node_says_which_labels_are_missing() -> None:
    one = judged(make_profile("p", {"disk": "ssd", "a": "1"}, costPerHour="1"))["p"]
    assert one.verdict == (
        Reason.NO_NODES,
        "no node has the labels disk=ssd,a=1; label nodes, or change nodeSelector",
    )
    everywhere = judged(make_profile("p", {}, costPerHour="1"), nodes={})["p"]
    assert everywhere.verdict == (Reason.NO_NODES, "there are no nodes")


def test_a_stale_profile_says_since_when_it_is_ignored_and_clashes_with_nobody() -> None:
    found = judged(
        make_profile("old", {"a": "1"}, costPerHour="1", validUntil="2030-01-01T12:00:00+01:00"),
        make_profile("p", {"a": "1"}, costPerHour="2"),
    )
    assert found["old"].verdict == (
        Reason.EXPIRED,
        "ignored since 2030-01-01T11:00:00Z; set validUntil to a later time, or delete the profile",
    )
    assert found["old"].nodes == 2
    assert found["p"].verdict == (Reason.IN_EFFECT, "")


def test_a_tie_is_told_to_both_with_the_fact_the_first_node_and_who_counts() -> None:
    found = judged(
        make_profile("y", {"b": "2"}, costPerHour="0.2"), make_profile("x", {"a": "1"}, costPerHour="0.1")
    )
    text = (
        "costPerHour of node n1 is 0.1 in profile x and 0.2 in y, which have equally many labels in "
        "nodeSelector; x counts, for its name comes first; leave the fact out of one of them, or add a label "
        "to its nodeSelector"
    )
    assert found["x"].verdict == found["y"].verdict == (Reason.CONFLICTING, text)


def test_a_tie_of_latencies_names_the_client_site_and_the_unit() -> None:
    found = judged(
        make_profile("x", {"a": "1"}, latency=[{"clientSite": "plant-a", "milliseconds": 3}]),
        make_profile("y", {"b": "2"}, latency=[{"clientSite": "plant-a", "milliseconds": 40}]),
    )
    assert (
        found["x"]
        .verdict[1]
        .startswith("latency from plant-a of node n1 is 3 ms in profile x and 40 ms in y, which have")
    )


def test_profiles_that_say_the_same_or_speak_of_different_things_do_not_clash() -> None:
    found = judged(
        make_profile("x", {"a": "1"}, costPerHour="0.10", latency=[{"milliseconds": 1}]),
        make_profile("y", {"b": "2"}, costPerHour="0.1", latency=[{"clientSite": "s", "milliseconds": 2}]),
    )
    assert [one.verdict for one in found.values()] == [(Reason.IN_EFFECT, "")] * 2


def test_a_tie_below_a_more_specific_profile_decides_nothing_and_is_no_tie() -> None:
    found = judged(
        make_profile("x", {"a": "1"}, costPerHour="1"),
        make_profile("y", {"b": "2"}, costPerHour="2"),
        make_profile("z", {"a": "1", "b": "2"}, costPerHour="3"),
    )
    assert found["x"].verdict == (
        Reason.IN_EFFECT,
        "costPerHour of node n1 is 3 by profile z, which is more specific",
    )
    assert found["y"].verdict == (
        Reason.OVERRIDDEN,
        "nothing of it counts: costPerHour of node n1 is 3 by profile z, which is more specific",
    )
    assert found["z"].verdict == (Reason.IN_EFFECT, "")


def test_a_profile_of_which_one_fact_counts_is_in_effect() -> None:
    found = judged(
        make_profile("x", {}, costPerHour="1", billing="Share"),
        make_profile("y", {"a": "1"}, costPerHour="2"),
    )
    assert found["x"].verdict[0] is Reason.IN_EFFECT
    assert "costPerHour of node n1 is 2 by profile y" in found["x"].verdict[1]


@given(profiles(), st.dictionaries(st.sampled_from("lmn"), LABELS), st.randoms())
def test_the_order_of_profiles_and_nodes_never_matters(
    found: list[Profile], nodes: dict[str, dict[str, str]], random: Random
) -> None:
    expected = standings(found, nodes.items(), NOW)
    shuffled, items = list(found), list(nodes.items())
    random.shuffle(shuffled)
    random.shuffle(items)
    assert standings(shuffled, items, NOW) == expected
    assert [one.profile.name for one in expected] == sorted(one.name for one in found)


@given(profiles(), st.dictionaries(st.sampled_from("lmn"), LABELS))
def test_a_profile_counts_exactly_when_some_node_has_a_value_from_it(
    found: list[Profile], nodes: dict[str, dict[str, str]]
) -> None:
    for one in standings(found, nodes.items(), NOW):
        cost = one.profile.facts.cost_per_hour
        about = [labels for labels in nodes.values() if one.profile.selects(labels)]
        assert one.nodes == len(about)
        if any(node_with(labels, *found).cost_per_hour == cost for labels in about):
            assert one.counts
        if one.verdict[0] is Reason.OVERRIDDEN:
            assert all(node_with(labels, *found).cost_per_hour != cost for labels in about)


def test_a_measured_profile_that_an_administrator_overrides_says_so_and_is_no_tie() -> None:
    found = measured_profile("m", {"a": "1"}, latency=[{"clientSite": "x", "milliseconds": 3}])
    written = make_profile("z", {"a": "1"}, latency=[{"clientSite": "x", "milliseconds": 30}])
    overridden, counting = standings([found, written], [("n", {"a": "1"})], NOW)
    reason, message = overridden.verdict
    assert reason is Reason.OVERRIDDEN
    assert message.startswith(
        "nothing of it counts: latency from x of node n is 30 ms by profile z, and what"
    )
    assert counting.verdict == (Reason.IN_EFFECT, "")
