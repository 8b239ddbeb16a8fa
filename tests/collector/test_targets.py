"""Which pods are measured, and the NodeProfiles that come of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collector.test_groups import device, replica
from tests.support.profiles import make_live_profile

from fogline.api import parse_node_profile
from fogline.collector.facts import Device
from fogline.collector.probing import MOST_PODS_OF_SITE, targets
from fogline.collector.wire import MOST_TARGETS
from fogline.collector.written import profile, profile_name, read
from fogline.names import MEASURED_LABEL, ZONE_LABEL

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def in_zones(zones: dict[str, str | None]) -> dict[str, Device]:
    return {
        node: device(node, **({ZONE_LABEL: zone} if zone is not None else {})) for node, zone in zones.items()
    }


def test_few_pods_of_each_site_are_measured_of_as_many_nodes_as_there_are() -> None:
    nodes = in_zones({f"n{number}": "z" for number in range(3)})
    pods = [replica(f"p{number:02}", f"n{number // 10}", podIP=f"10.0.0.{number}") for number in range(30)]
    chosen = targets(pods, nodes.get)["z"]
    assert len(chosen) == MOST_PODS_OF_SITE
    assert {int(ip.rsplit(".", 1)[1]) // 10 for ip in chosen[:3]} == {0, 1, 2}


def test_a_node_without_a_zone_and_a_pod_without_an_address_are_not_measured() -> None:
    nodes = in_zones({"n": None, "m": "z"})
    assert targets([replica("p", "n"), replica("q", "m", podIP="")], nodes.get) == {}


def test_no_more_are_asked_for_than_a_probe_takes() -> None:
    nodes = in_zones({f"n{number}": f"z{number}" for number in range(400)})
    pods = [replica(f"p{number}", f"n{number}") for number in range(400)]
    assert sum(map(len, targets(pods, nodes.get).values())) == MOST_TARGETS


@given(st.text(max_size=63), st.text(max_size=63))
def test_the_name_of_a_profile_is_one_whatever_sites_are_called(client_site: str, site: str) -> None:
    name = profile_name(client_site, site)
    parse_node_profile(
        {"metadata": {"name": name}, "spec": {"nodeSelector": {}, "costPerHour": "0"}}, strict=False
    )
    assert name != profile_name(client_site, f"{site}x")


def test_a_profile_says_latency_of_a_site_with_an_end_and_is_read_as_it_was_written() -> None:
    document = profile("plant-a", "z", 17, NOW, 3600)
    parsed = parse_node_profile(document, strict=True)
    assert parsed.spec.cost_per_hour is None
    assert parsed.spec.valid_until == NOW + timedelta(hours=1)
    live = make_live_profile(
        document["metadata"]["name"],
        document["spec"]["nodeSelector"],
        latency=document["spec"]["latency"],
        validUntil=document["spec"]["validUntil"],
    )
    wrote = read(live)
    assert wrote is not None
    assert (wrote.client_site, wrote.site, wrote.milliseconds) == ("plant-a", "z", 17)
    assert document["metadata"]["labels"] == {MEASURED_LABEL: "true"}


@pytest.mark.parametrize(
    "facts",
    [
        {"costPerHour": "1"},
        {"latency": [{"milliseconds": 3}], "validUntil": "2030-01-01T00:00:00Z"},
        {"latency": [{"clientSite": "b", "milliseconds": 3}], "validUntil": "2030-01-01T00:00:00Z"},
    ],
)
def test_what_somebody_else_made_of_a_profile_is_left_alone(facts: dict[str, Any]) -> None:
    assert read(make_live_profile(profile_name("a", "z"), {ZONE_LABEL: "z"}, **facts)) is None
