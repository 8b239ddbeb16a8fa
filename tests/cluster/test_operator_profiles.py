"""NodeProfiles on a cluster: they change decisions, and their status tells how they fare."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dev.controlplane import ControlPlane
from tests.support.wait import wait_for
from tests.support.world import World
from tests.support.world_profiles import WorldProfiles

from fogline.cluster.kinds import NODES

pytestmark = pytest.mark.usefixtures("operator")

FOGLINE = Path(sys.executable).with_name("fogline")
SSD, HDD = {"example.com/disk": "ssd"}, {"example.com/disk": "hdd"}
DEAR, CHEAP = {"fogline.dev/cost-per-hour": "0.9"}, {"fogline.dev/cost-per-hour": "0.1"}


def seconds_from_now(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()  # noqa: TID251  the operator's clock


def explained(plane: ControlPlane, namespace: str) -> Any:
    """Run ``fogline explain digits`` and read its answer."""
    done = subprocess.run(
        [FOGLINE, "explain", "digits", f"--namespace={namespace}", "--output=json"],
        env={**os.environ, "KUBECONFIG": str(plane.kubeconfig)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_the_price_of_a_profile_beats_the_label_until_the_profile_is_deleted(
    world: World, profiles: WorldProfiles
) -> None:
    labelled_cheap = await world.add_node("a", labels={**SSD, **CHEAP})
    labelled_dear = await world.add_node("b", labels={**HDD, **DEAR})
    await profiles.apply("ssd", SSD, costPerHour="2")
    await profiles.apply("hdd", HDD, costPerHour="0.05")
    await profiles.until("hdd", "Effective", "True", "InEffect")
    await world.apply_model()
    await world.until_ready(1)
    assert await world.nodes_of() == [labelled_dear]

    for short in ("ssd", "hdd"):
        await profiles.delete(short)
    await wait_for(lambda: costs(world, "0.9"), "the price of the label counts again")
    await world.edit_model({"replicas": 0})
    await world.until_ready(0)
    await world.edit_model({"replicas": 1})
    await world.until_ready(1)
    assert await world.nodes_of() == [labelled_cheap]


async def costs(world: World, usd: str) -> bool:
    return bool((await world.model()).get("status", {}).get("costPerHour") == usd)


async def test_a_changed_profile_is_seen_in_the_status_of_models_that_run(
    world: World, profiles: WorldProfiles
) -> None:
    await world.add_node(labels=CHEAP)
    await world.apply_model(placement={"latency": {"targetMilliseconds": 20}})
    await world.until("LatencyTargetMet", "Unknown", "LatenciesUnknown")
    await profiles.apply("all", costPerHour="0.5", latency=[{"milliseconds": 7}])
    await world.until("LatencyTargetMet", "True", "TargetMet")
    await wait_for(lambda: costs(world, "0.5"), "the price of the profile")
    (placement,) = (await world.model())["status"]["placements"]
    assert (placement["costPerHour"], placement["latencyMilliseconds"]) == ("0.5", 7)


async def test_the_share_of_a_profile_bounds_what_models_use_together(
    world: World, profiles: WorldProfiles
) -> None:
    await world.add_node(cpu="4")
    await profiles.apply("half", capacityShare="0.5")
    await profiles.until("half", "Effective", "True", "InEffect")
    await world.apply_model(replicas=3, placement={"onNoFit": "Wait"})
    message = await world.until("Placed", "False", "NoFit")
    assert "CapacityShareReached" in message
    await profiles.delete("half")
    await world.until_ready(3)


async def test_a_tie_is_reported_in_both_profiles_and_as_an_event(
    world: World, profiles: WorldProfiles
) -> None:
    node = await world.add_node(labels={**SSD, "example.com/rack": "r1"})
    await profiles.apply("x", SSD, costPerHour="0.2")
    await profiles.until("x", "Effective", "True", "InEffect")
    await profiles.apply("y", {"example.com/rack": "r1"}, costPerHour="0.3")
    first = await profiles.until("x", "Effective", "False", "Conflicting")
    second = await profiles.until("y", "Effective", "False", "Conflicting")
    assert first == second
    x, y = profiles.name("x"), profiles.name("y")
    assert first.startswith(f"costPerHour of node {node} is 0.2 in profile {x} and 0.3 in {y}, which have")
    for short in ("x", "y"):
        assert await profiles.events(short) == [f"Conflicting: {first}"]
    await world.apply_model()
    await world.until_ready(1)
    await wait_for(lambda: costs(world, "0.2"), "the first by name counts")

    await profiles.apply("x", SSD, billing="Node")
    await profiles.until("x", "Effective", "True", "InEffect")
    await profiles.until("y", "Effective", "True", "InEffect")
    await wait_for(lambda: costs(world, "0.3"), "the only one that says it counts")


async def test_the_more_specific_profile_counts_and_one_of_which_nothing_counts_says_so(
    world: World, profiles: WorldProfiles
) -> None:
    node = await world.add_node(labels=SSD)
    await profiles.apply("all", costPerHour="0.2")
    await profiles.apply("special", SSD, costPerHour="0.3")
    message = await profiles.until("all", "Effective", "False", "Overridden")
    assert message == (
        f"nothing of it counts: costPerHour of node {node} is 0.3 by profile {profiles.name('special')}, "
        "which is more specific"
    )
    await world.add_node("b", labels=HDD)
    await profiles.until("all", "Effective", "True", "InEffect")
    assert (await profiles.read("all"))["status"]["nodes"] == 2


async def test_a_profile_stops_counting_at_its_end_although_nothing_happens(
    world: World, profiles: WorldProfiles
) -> None:
    await world.add_node(labels=CHEAP)
    await profiles.apply("brief", costPerHour="0.5", validUntil=seconds_from_now(600))
    await world.apply_model()
    await wait_for(lambda: costs(world, "0.5"), "the price of the profile")
    await profiles.apply("brief", costPerHour="0.5", validUntil=seconds_from_now(3))
    await wait_for(lambda: costs(world, "0.1"), "the price of the label")
    message = await profiles.until("brief", "Effective", "False", "Expired")
    assert "set validUntil to a later time, or delete the profile" in message
    await profiles.apply("brief", costPerHour="0.5", validUntil=seconds_from_now(600))
    await profiles.until("brief", "Effective", "True", "InEffect")
    await wait_for(lambda: costs(world, "0.5"), "the price of the profile, once more")


async def test_a_profile_counts_its_nodes_as_they_come_and_go(world: World, profiles: WorldProfiles) -> None:
    await profiles.apply("ssd", SSD, billing="Share")
    message = await profiles.until("ssd", "Effective", "False", "NoNodes")
    assert "example.com/disk=ssd" in message
    node = await world.add_node(labels=SSD)
    await profiles.until("ssd", "Effective", "True", "InEffect")
    assert (await profiles.read("ssd"))["status"]["nodes"] == 1
    await world.label(NODES, node, dict.fromkeys(SSD))
    await profiles.until("ssd", "Effective", "False", "NoNodes")


async def test_explain_reads_profiles_as_the_operator_does(
    world: World, profiles: WorldProfiles, control_plane: ControlPlane
) -> None:
    node = await world.add_node(labels=DEAR)
    await profiles.apply("all", costPerHour="0.05")
    await world.apply_model()
    await world.until_ready(1)
    (replica,) = explained(control_plane, world.namespace)["replicas"]
    assert (replica["node"], replica["costPerHour"]) == (node, "0.05")
