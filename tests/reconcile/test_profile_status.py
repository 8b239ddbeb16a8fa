"""What the status of a NodeProfile says, and when it says anything new."""

from datetime import timedelta
from typing import Any

import msgspec
from tests.support.live import NOW, SETTINGS, make_live_node
from tests.support.profiles import make_live_profile

from fogline.api import Condition, NodeProfileStatus
from fogline.cluster import objects
from fogline.observe import KnownNodes, Profile, standings
from fogline.reconcile.profile_status import new_conflict, profile_status


def statuses(*profiles: objects.NodeProfile, minutes: int = 0) -> dict[str, NodeProfileStatus]:
    """Judge profiles in a cluster of one node, some minutes after NOW."""
    now = NOW + timedelta(minutes=minutes)
    nodes = KnownNodes(SETTINGS, lambda: now)
    nodes.node_changed(None, make_live_node("n", {"a": "1", "b": "2"}))
    for profile in profiles:
        nodes.profile_changed(None, profile)
    readable = [one.content for one in nodes.profiles.values() if isinstance(one.content, Profile)]
    judged = {one.profile.name: one for one in standings(readable, nodes.labels(), now)}
    return {name: profile_status(one, judged.get(name), now) for name, one in nodes.profiles.items()}


def stored(status: NodeProfileStatus) -> Any:
    """Give a status as the API server keeps it."""
    return msgspec.json.decode(msgspec.json.encode(status))


def of_type(status: NodeProfileStatus, kind: str) -> Condition:
    return next(one for one in status.conditions if one.type == kind)


def test_a_profile_that_counts_is_accepted_and_effective() -> None:
    status = statuses(make_live_profile("p", {}, costPerHour="1"))["p"]
    assert (status.observed_generation, status.nodes) == (1, 1)
    assert [(one.type, one.status.value, one.reason, one.message) for one in status.conditions] == [
        ("Accepted", "True", "Valid", ""),
        ("Effective", "True", "InEffect", ""),
    ]
    assert {one.observed_generation for one in status.conditions} == {1}


def test_a_profile_that_cannot_be_read_says_which_field_is_wrong() -> None:
    status = statuses(make_live_profile("p", {}, costPerHour="1", capacityShare="2"))["p"]
    assert [(one.type, one.status.value, one.reason) for one in status.conditions] == [
        ("Accepted", "False", "Invalid"),
        ("Effective", "False", "Invalid"),
    ]
    assert of_type(status, "Accepted").message.startswith("spec.capacityShare: must be above 0 and at most 1")
    assert status.nodes is None


def test_a_profile_without_effect_is_accepted_all_the_same_and_says_why_it_has_none() -> None:
    until = NOW.isoformat()
    found = statuses(
        make_live_profile("stale", {}, costPerHour="1", validUntil=until),
        make_live_profile("nowhere", {"a": "9"}, costPerHour="1"),
        make_live_profile("tied-1", {"a": "1"}, costPerHour="1"),
        make_live_profile("tied-2", {"b": "2"}, costPerHour="2"),
        make_live_profile("general", {}, costPerHour="3"),
    )
    assert {of_type(one, "Accepted").status.value for one in found.values()} == {"True"}
    assert {of_type(one, "Effective").status.value for one in found.values()} == {"False"}
    assert {name: of_type(one, "Effective").reason for name, one in found.items()} == {
        "stale": "Expired",
        "nowhere": "NoNodes",
        "tied-1": "Conflicting",
        "tied-2": "Conflicting",
        "general": "Overridden",
    }


def test_a_status_that_was_written_stays_the_same_while_nothing_happens() -> None:
    first = statuses(make_live_profile("p", {"a": "1"}, costPerHour="1"))["p"]
    later = make_live_profile("p", {"a": "1"}, costPerHour="1", status=stored(first))
    again = statuses(later, minutes=5)["p"]
    assert again == first


def test_the_transition_time_moves_with_the_status_and_not_with_the_message() -> None:
    ends = {"costPerHour": "1", "validUntil": (NOW + timedelta(minutes=2)).isoformat()}
    first = statuses(make_live_profile("p", {"a": "1"}, **ends))["p"]
    special = make_live_profile("q", {"a": "1", "b": "2"}, costPerHour="2")
    told = statuses(
        make_live_profile("p", {"a": "1"}, **ends, billing="Node", status=stored(first)), special, minutes=1
    )["p"]
    assert of_type(told, "Effective").message != of_type(first, "Effective").message
    assert of_type(told, "Effective").last_transition_time == NOW.replace(microsecond=0)
    stale = statuses(make_live_profile("p", {"a": "1"}, **ends, status=stored(told)), minutes=3)["p"]
    assert of_type(stale, "Effective").last_transition_time == NOW + timedelta(minutes=3)
    assert of_type(stale, "Accepted").last_transition_time == NOW


def test_a_conflict_is_news_until_it_was_told() -> None:
    pair = [make_live_profile("a", {"a": "1"}, costPerHour="1"), make_live_profile("b", {}, billing="Node")]
    calm = statuses(*pair)["a"]
    rival = make_live_profile("c", {"b": "2"}, costPerHour="2")
    tied = statuses(*pair, rival)["a"]
    assert new_conflict(None, calm) is None
    assert new_conflict(calm, tied) == new_conflict(None, tied) == of_type(tied, "Effective").message
    assert new_conflict(tied, tied) is None
    assert new_conflict(tied, calm) is None
