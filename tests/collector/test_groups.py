"""Figures of groups: what pods did, held against what they request, cost, and what their nodes have."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from fogline.collector import groups
from fogline.collector.answer import Agreement
from fogline.collector.exposition import Refusal
from fogline.collector.facts import (
    Device,
    LiveModel,
    LiveNode,
    LivePod,
    Model,
    Replica,
    to_device,
    to_model,
    to_replica,
)
from fogline.collector.formulas import BUCKETS
from fogline.collector.reading import Reading
from fogline.collector.window import Followed, Trouble, Window
from fogline.names import ModelKey

DIGITS = ModelKey("shop", "digits")
NEW, AGREED = (DIGITS, "cloud", "new"), Agreement(samples=4, alike=3)


def replica(
    name: str = "p", node: str = "n", revision: str = "r1", *, variant: str = "cloud", **status: Any
) -> Replica:
    document = {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{name}",
            "labels": {
                "fogline.dev/model": "digits",
                "fogline.dev/variant": variant,
                "fogline.dev/tier": "Cloud",
                "pod-template-hash": revision,
            },
            "annotations": {"fogline.dev/client-site": "plant-a"},
        },
        "spec": {
            "nodeName": node,
            "initContainers": [{"args": ["--destination=/models", "--version=7"]}],
            "containers": [
                {
                    "resources": {
                        "requests": {"cpu": "500m", "memory": "1Gi"},
                        "limits": {"memory": "2Gi"},
                    }
                }
            ],
        },
        "status": {"phase": "Running", "podIP": "10.0.0.7", **status},
    }
    return to_replica(msgspec.convert(document, LivePod))


def device(name: str = "n", **labels: str) -> Device:
    document = {
        "metadata": {"name": name, "labels": labels},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi"}},
    }
    return to_device(msgspec.convert(document, LiveNode))


def model(cost: str = "0.36", node: str = "n") -> Model:
    placement = {
        "node": node,
        "variant": "cloud",
        "clientSite": "plant-a",
        "costPerHour": cost,
        "latencyMilliseconds": 12,
    }
    document = {
        "metadata": {"name": "digits", "namespace": "shop"},
        "status": {"placements": [placement]},
    }
    return to_model(msgspec.convert(document, LiveModel))


def reading(ok: float, failed: float = 0, cpu_seconds: float | None = None) -> Reading:
    buckets = tuple(ok if number == 20 else 0.0 for number in range(BUCKETS))
    return Reading(ok=ok, failed=failed, buckets=buckets, cpu_seconds=cpu_seconds, memory_bytes=2.0**29)


def window(*replicas: Replica, seconds: float = 300) -> Window:
    made = Window(seconds, began=0)
    made.follow(replicas, 0)
    return made


def joined(found: Window, nodes: Mapping[str, Device] | None = None) -> list[groups.Member]:
    return groups.members(found, nodes or {"n": device()}, {DIGITS: model()})


def test_throughput_errors_use_and_cost_are_of_the_time_between_scrapes() -> None:
    found = window(replica())
    (one,) = found
    one.take(reading(100, cpu_seconds=50), 10)
    one.take(reading(190, 10, cpu_seconds=75), 110)
    figures = groups.figures(joined(found), [device()])
    assert (figures.replicas, figures.seconds, figures.requests, figures.failed) == (1, 100, 100, 10)
    assert (figures.throughput_per_second, figures.error_rate) == (1, 0.1)
    assert (figures.cpu.used, figures.cpu.requested, figures.cpu.limit) == (0.25, 0.5, None)
    assert (figures.cpu.of_requested, figures.cpu.of_allocatable) == (0.5, 0.0625)
    assert (figures.memory.used, figures.memory.limit) == (2**29, 2**31)
    assert (figures.memory.of_requested, figures.memory.of_allocatable) == (0.5, 0.0625)
    assert (figures.cost_per_hour, figures.cost_per_1000_requests) == ("0.36", "0.1")
    assert figures.decided_latency_milliseconds == 12


def test_before_the_second_scrape_nothing_is_known_of_any_time() -> None:
    found = window(replica())
    (one,) = found
    one.take(reading(100, cpu_seconds=50), 10)
    figures = groups.figures(joined(found))
    assert (figures.requests, figures.throughput_per_second, figures.error_rate) == (0, None, None)
    assert (figures.latency_milliseconds, figures.cpu.used) == (None, None)


def test_what_a_pod_did_counts_until_it_leaves_the_window_also_when_the_pod_is_gone() -> None:
    found = window(replica())
    (one,) = found
    one.take(reading(0), 10)
    one.take(reading(60), 70)
    found.follow([], 100)
    figures = groups.figures(joined(found))
    assert (figures.replicas, figures.requests, figures.cost_per_hour) == (0, 60, None)
    found.follow([], 311)
    assert list(found) == []


def test_a_pod_that_does_not_answer_is_told_of_and_its_memory_is_not_that_of_before() -> None:
    found = window(replica())
    (one,) = found
    one.take(reading(0), 10)
    one.trouble = Trouble(Refusal.TOO_SLOW, "the page was not there")
    assert groups.figures(joined(found)).memory.used is None


def test_use_that_a_server_does_not_tell_is_that_of_the_metrics_api() -> None:
    found = window(replica())
    (one,) = found
    one.take(Reading(), 10)
    one.usage = (0.1, 2.0**28)
    figures = groups.figures(joined(found))
    assert (figures.cpu.used, figures.memory.used) == (0.1, 2**28)


def test_revisions_of_a_variant_are_told_apart() -> None:
    found = window(replica("a", revision="old"), replica("b", revision="new"))
    for number, one in enumerate(found):
        one.take(reading(0), 0)
        one.take(reading(10 * (number + 1), number), 10)
    told = {one.revision: one for one in groups.revisions(joined(found), {NEW: AGREED})}
    assert {name: one.figures.requests for name, one in told.items()} == {"old": 10, "new": 21}
    assert (told["old"].agreement, told["new"].agreement) == (None, AGREED)
    assert told["new"].figures.error_rate == pytest.approx(1 / 21, abs=1e-6)
    assert {(one.model, one.variant, one.version) for one in told.values()} == {("digits", "cloud", "7")}


def test_what_a_pod_did_while_it_was_sent_samples_is_not_told_of_clients() -> None:
    found = window(replica())
    (one,) = found
    one.take(reading(0), 0)
    one.take(reading(10, 1), 10)
    one.has_samples = True
    one.take(reading(26, 17), 11)
    one.take(reading(36, 18), 21)
    (told,) = groups.revisions(joined(found), {})
    assert (told.figures.requests, told.figures.failed) == (54, 18)
    assert (told.clients.requests, told.clients.failed) == (22, 2)


def test_the_cost_is_unknown_while_that_of_one_replica_is() -> None:
    found = window(replica("a"), replica("b", node="elsewhere"))
    assert groups.figures(joined(found)).cost_per_hour is None


def test_a_node_without_a_zone_is_a_site_of_its_own() -> None:
    assert device("n").site == "n"
    assert device("n", **{"topology.kubernetes.io/zone": "z"}).site == "z"


@pytest.mark.parametrize("ip", ["0.0.0.0", "224.0.0.1", "::", "nonsense", "10.0.0.1:80/x"])  # noqa: S104  no address to bind to
def test_an_address_that_is_no_pods_is_not_asked(ip: str) -> None:
    assert replica(podIP=ip).ip == ""


def test_a_pod_that_has_ended_is_not_asked() -> None:
    assert replica(phase="Failed").ip == ""


def test_a_price_that_nobody_can_read_is_unknown() -> None:
    (decided,) = model(cost="much").decided.values()
    assert decided.cost_per_hour is None
    (decided,) = model().decided.values()
    assert decided.cost_per_hour == Decimal("0.36")


def test_more_pods_than_one_collector_follows_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fogline.collector.window.MOST_PODS", 2)
    found = window(*(replica(f"p{number}") for number in range(5)))
    assert (len(list(found)), found.left_out) == (2, 3)


def test_a_followed_pod_that_stays_forgets_what_is_older_than_the_window() -> None:
    found = window(replica(), seconds=30)
    (one,) = found
    for now in range(0, 100, 10):
        one.take(reading(now), now)
    found.follow([replica()], 95)
    assert isinstance(one, Followed)
    assert one.increase is not None
    assert (one.increase.began, one.increase.ok) == (70, 20)
