"""Faults while NodeProfiles are watched and reported on: whatever goes wrong on the way, the end is right."""

import json

import aiohttp
import pytest
from tests.cluster.conftest import StartOperator
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Cut, Drop, Edit, Fault, Moment, Refuse
from tests.support.world import World
from tests.support.world_profiles import WorldProfiles

STATUS = "/nodeprofiles/.*/status"
WATCH = r"/nodeprofiles\?.*watch=true"


def no_first_news(line: bytes) -> tuple[bytes, ...]:
    """Lose the news of every new object."""
    return () if json.loads(line)["type"] == "ADDED" else (line,)


FAULTS: dict[str, Fault] = {
    "409 on statuses": Fault(Refuse(409, "Conflict"), "PATCH", STATUS, times=3),
    "500 on statuses": Fault(Refuse(500, "InternalError"), "PATCH", STATUS, times=3),
    "answers to statuses lost": Fault(Drop(Moment.AFTER), "PATCH", STATUS, times=3),
    "watches cut after every event": Fault(Cut(1), path=WATCH, times=10),
    "news of new profiles lost": Fault(Edit(no_first_news), path=WATCH, times=None),
    "410 as an answer to watches": Fault(Refuse(410, "Expired"), path=WATCH, times=4),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_statuses_and_facts_are_right_in_the_end(
    world: World,
    profiles: WorldProfiles,
    operator_proxy: FaultProxy,
    start_operator: StartOperator,
    fault: str,
) -> None:
    await world.add_node(labels={"fogline.dev/cost-per-hour": "9"})
    operator_proxy.add(FAULTS[fault])
    await start_operator(resync_seconds=1)
    await profiles.apply("a", costPerHour="0.25")
    await profiles.apply("b", costPerHour="0.5")
    await profiles.apply("c", billing="Node")
    for short in ("a", "b"):
        await profiles.until(short, "Effective", "False", "Conflicting")
    await profiles.until("c", "Effective", "True", "InEffect")
    await profiles.delete("b")
    await profiles.until("a", "Effective", "True", "InEffect")
    await world.apply_model()
    await world.until_ready(1)
    assert (await world.model())["status"]["costPerHour"] == "0.25"


async def test_a_profile_that_was_stale_before_the_operator_started_never_counts(
    world: World, profiles: WorldProfiles, start_operator: StartOperator
) -> None:
    await world.add_node(labels={"fogline.dev/cost-per-hour": "9"})
    await profiles.apply("old", costPerHour="0.25", validUntil="2020-01-01T00:00:00Z")
    await start_operator()
    await world.apply_model()
    await world.until_ready(1)
    assert (await world.model())["status"]["costPerHour"] == "9"
    await profiles.until("old", "Effective", "False", "Expired")


async def test_the_operator_counts_profiles_by_reason(
    world: World, profiles: WorldProfiles, start_operator: StartOperator
) -> None:
    await world.add_node()
    operator = await start_operator()
    await profiles.apply("good", costPerHour="1")
    await profiles.apply("nowhere", {"example.com/disk": "tape"}, costPerHour="1")
    await profiles.until("good", "Effective", "True", "InEffect")
    await profiles.until("nowhere", "Effective", "False", "NoNodes")
    async with aiohttp.ClientSession() as session, session.get(operator.url("/metrics")) as answer:
        metrics = await answer.text()
    assert 'fogline_nodeprofiles{reason="InEffect"} 1.0' in metrics
    assert 'fogline_nodeprofiles{reason="NoNodes"} 1.0' in metrics
