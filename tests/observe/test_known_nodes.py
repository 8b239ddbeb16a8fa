"""Nodes, profiles and the clock: what is read anew, and when anybody hears of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.live import SETTINGS, make_live_node
from tests.support.profiles import make_live_profile

from fogline.cluster import objects
from fogline.errors import BadInputError
from fogline.observe import KnownNodes, Profiles, to_node

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
BOX = {"example.com/model": "box-3"}


class Cluster:
    """Known nodes, and short ways to change what is in the cluster."""

    def __init__(self) -> None:
        self.now = NOON
        self.nodes = KnownNodes(SETTINGS, lambda: self.now)
        self._live: dict[str, Any] = {}

    def set_node(self, name: str, labels: Mapping[str, str] | None) -> bool:
        """Add or change a node; None takes it away."""
        old = self._live.get(f"node {name}")
        new = None if labels is None else make_live_node(name, labels)
        self._live[f"node {name}"] = new
        return bool(old or new) and self.nodes.node_changed(old, new)

    def set_profile(self, name: str, node_selector: Mapping[str, str] | None, **parts: Any) -> bool:
        """Add or change a profile; None for its selector takes it away."""
        old = self._live.get(f"profile {name}")
        new = None if node_selector is None else make_live_profile(name, node_selector, **parts)
        self._live[f"profile {name}"] = new
        return bool(old or new) and self.nodes.profile_changed(old, new)

    def cost(self, node: str) -> str:
        """Tell what a node costs."""
        return str(self.nodes.by_name[node].cost_per_hour)


def test_a_profile_counts_from_its_coming_to_its_going_and_labels_count_again() -> None:
    cluster = Cluster()
    cluster.set_node("n", {**BOX, "fogline.dev/cost-per-hour": "9"})
    assert cluster.set_profile("p", BOX, costPerHour="1")
    assert cluster.cost("n") == "1"
    assert cluster.set_profile("p", BOX, costPerHour="2")
    assert cluster.cost("n") == "2"
    assert cluster.set_profile("p", None)
    assert cluster.cost("n") == "9"


def test_a_profile_that_was_there_first_counts_for_a_new_node() -> None:
    cluster = Cluster()
    cluster.set_profile("p", BOX, costPerHour="1")
    assert cluster.set_node("n", BOX)
    assert cluster.cost("n") == "1"


def test_only_a_profile_that_makes_a_difference_to_some_node_is_news() -> None:
    cluster = Cluster()
    cluster.set_node("n", {**BOX, "fogline.dev/cost-per-hour": "1"})
    assert not cluster.set_profile("other", {"disk": "ssd"}, costPerHour="5")
    assert not cluster.set_profile("same", BOX, costPerHour="1.0")
    assert not cluster.set_profile("same", BOX, costPerHour="1.0", status={"nodes": 1})
    assert not cluster.set_profile("other", None)


def test_nodes_that_leave_or_enter_the_selector_are_read_anew() -> None:
    cluster = Cluster()
    cluster.set_node("a", {"disk": "ssd"})
    cluster.set_node("b", {"disk": "hdd"})
    cluster.set_profile("p", {"disk": "ssd"}, costPerHour="1")
    assert (cluster.cost("a"), cluster.cost("b")) == ("1", "0")
    assert cluster.set_profile("p", {"disk": "hdd"}, costPerHour="1")
    assert (cluster.cost("a"), cluster.cost("b")) == ("0", "1")
    assert cluster.set_node("b", {})
    assert cluster.cost("b") == "0"


def test_a_profile_counts_until_its_end_and_then_without_any_event() -> None:
    cluster = Cluster()
    cluster.set_node("n", BOX)
    cluster.set_profile("p", BOX, costPerHour="1", validUntil="2030-01-01T12:00:10Z")
    assert cluster.nodes.next_expiry() == NOON + timedelta(seconds=10)
    assert not cluster.nodes.follow_clock()
    cluster.now += timedelta(seconds=10)
    assert cluster.nodes.follow_clock()
    assert cluster.cost("n") == "0"
    assert cluster.nodes.next_expiry() is None
    assert not cluster.nodes.follow_clock()


def test_a_profile_that_comes_too_late_never_counts() -> None:
    cluster = Cluster()
    cluster.set_node("n", BOX)
    assert not cluster.set_profile("p", BOX, costPerHour="1", validUntil="2030-01-01T12:00:00Z")
    assert cluster.cost("n") == "0"
    assert cluster.set_profile("p", BOX, costPerHour="1", validUntil="2030-01-02T12:00:00Z")
    assert cluster.cost("n") == "1"


def test_a_profile_counts_again_when_the_clock_is_set_back() -> None:
    cluster = Cluster()
    cluster.set_node("n", BOX)
    cluster.set_profile("p", BOX, costPerHour="1", validUntil="2030-01-01T12:00:00Z")
    cluster.now -= timedelta(seconds=1)
    assert cluster.nodes.follow_clock()
    assert cluster.cost("n") == "1"


def test_a_profile_that_cannot_be_read_is_kept_with_the_reason_and_says_nothing() -> None:
    cluster = Cluster()
    cluster.set_node("n", BOX)
    cluster.set_profile("p", BOX, costPerHour="1")
    assert cluster.set_profile("p", BOX, costPerHour="a lot", status={"nodes": "many"})
    known = cluster.nodes.profiles["p"]
    assert isinstance(known.content, BadInputError)
    assert (known.content.field, known.status) == ("spec.costPerHour", None)
    assert cluster.cost("n") == "0"


def test_a_profile_without_a_spec_is_no_more_than_unreadable() -> None:
    nodes = KnownNodes(SETTINGS, lambda: NOON)
    bare = objects.NodeProfile(metadata=objects.ObjectMeta(name="p"))
    assert not nodes.profile_changed(None, bare)
    assert isinstance(nodes.profiles["p"].content, BadInputError)


def test_profiles_are_looked_at_again_when_they_or_the_labels_of_a_node_change() -> None:
    cluster = Cluster()

    def stirred() -> bool:
        was = cluster.nodes.stirred.is_set()
        cluster.nodes.stirred.clear()
        return was

    cluster.set_node("n", BOX)
    assert stirred()
    cluster.set_node("n", BOX)
    assert not stirred()
    cluster.set_node("n", {})
    assert stirred()
    cluster.set_profile("p", BOX, costPerHour="1")
    assert stirred()
    cluster.set_node("n", None)
    assert stirred()
    assert list(cluster.nodes.labels()) == []


LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from("12"))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("node"), st.sampled_from("mn"), st.none() | LABELS),
        st.tuples(st.just("profile"), st.sampled_from("pqr"), st.none() | LABELS, st.sampled_from("123")),
        st.tuples(st.just("wait"), st.integers(1, 30)),
    ),
    max_size=12,
)


@given(STEPS)
def test_whatever_happens_the_nodes_are_as_if_read_at_once_and_every_difference_is_told(
    steps: list[tuple[Any, ...]],
) -> None:
    cluster = Cluster()
    for step in steps:
        before = dict(cluster.nodes.by_name)
        match step:
            case ("node", name, labels):
                told = cluster.set_node(name, labels)
            case ("profile", name, labels, cost):
                until = f"2030-01-01T12:00:{10 * int(cost)}Z"
                told = cluster.set_profile(name, labels, costPerHour=cost, billing="Share", validUntil=until)
            case ("wait", seconds):
                cluster.now += timedelta(seconds=seconds)
                told = cluster.nodes.follow_clock()
        assert told == (cluster.nodes.by_name != before)
        valid = [
            known.content
            for known in cluster.nodes.profiles.values()
            if not isinstance(known.content, BadInputError) and not known.content.is_stale(cluster.now)
        ]
        for name, node in cluster.nodes.by_name.items():
            fresh = to_node(make_live_node(name, node.labels), SETTINGS, Profiles(valid).of(node.labels))
            assert node == fresh


def test_nodes_are_counted_by_tier_and_by_whether_they_can_be_used() -> None:
    cluster = Cluster()
    cluster.set_node("a", {"fogline.dev/tier": "Edge"})
    cluster.set_node("b", {})
    cluster.set_node("b", {"fogline.dev/tier": "Edge"})
    cluster.set_node("c", {})
    cluster.nodes.node_changed(None, make_live_node("d", status={}))
    cluster.nodes.node_changed(None, make_live_node("e", spec={"unschedulable": True}))
    assert dict(cluster.nodes.counts()) == {
        ("Cloud", "true"): 1,
        ("Cloud", "false"): 2,
        ("Edge", "true"): 2,
        ("Edge", "false"): 0,
    }
    cluster.set_node("c", None)
    assert dict(cluster.nodes.counts())["Cloud", "true"] == 0
