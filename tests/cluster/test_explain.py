"""``fogline explain`` on a cluster: where replicas are, and why not elsewhere."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dev.controlplane import ControlPlane
from tests.support.wait import wait_for
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("operator")

FOGLINE = Path(sys.executable).with_name("fogline")


def explain(plane: ControlPlane, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FOGLINE, "explain", *arguments],
        env={**os.environ, "KUBECONFIG": str(plane.kubeconfig)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def of_node(found: list[dict[str, Any]], node: str) -> dict[str, Any]:
    return next(one for one in found if one["node"] == node)


async def test_it_says_what_a_replica_costs_and_what_every_other_node_would_offer(
    world: World, control_plane: ControlPlane
) -> None:
    cheap = await world.add_node("cheap", labels={"fogline.dev/cost-per-hour": "0.1"})
    dear = await world.add_node("dear", labels={"fogline.dev/cost-per-hour": "0.9"})
    await world.apply_model(replicas=1)
    await world.until_ready(1)

    done = explain(control_plane, "digits", f"--namespace={world.namespace}", "--output=json")

    assert done.returncode == 0, done.stderr
    (replica,) = json.loads(done.stdout)["replicas"]
    assert (replica["node"], replica["costPerHour"], replica["ready"]) == (cheap, "0.1", True)
    assert of_node(replica["otherNodes"], dear)["offer"]["costPerHour"] == "0.9"


async def test_it_says_why_a_replica_finds_no_node_and_exits_with_1(
    world: World, control_plane: ControlPlane
) -> None:
    node = await world.add_node(cpu="1")
    await world.apply_model(replicas=5)

    async def all_are_told_of() -> bool:
        return "4 of 5 replicas find no node" in (await world.condition("Placed"))["message"]

    await wait_for(all_are_told_of, "the condition tells of four")

    done = explain(control_plane, "digits", f"--namespace={world.namespace}")

    assert done.returncode == 1
    assert "4 replicas have no node" in done.stdout
    assert f"{node}  InsufficientResource: needs 1000m cpu, has 0m free" in done.stdout


async def test_it_sets_a_node_against_the_one_that_a_replica_is_on(
    world: World, control_plane: ControlPlane
) -> None:
    near = await world.add_node("near", labels={"fogline.dev/cost-per-hour": "0.1"})
    full = await world.add_node("full", cpu="500m", labels={"fogline.dev/cost-per-hour": "0.05"})
    await world.apply_model(replicas=1)
    await world.until_ready(1)

    done = explain(control_plane, "digits", f"--namespace={world.namespace}", f"--why-not={full}")

    assert done.returncode == 0, done.stderr
    assert f"on {near} counts 0.1 an hour" in done.stdout
    assert f"  InsufficientResource: needs 1000m cpu, has 500m free\n  {full} would do with" in done.stdout


async def test_an_unknown_model_is_named_and_exits_with_2(world: World, control_plane: ControlPlane) -> None:
    done = explain(control_plane, "nobody", f"--namespace={world.namespace}")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"there is no ModelDeployment nobody in namespace {world.namespace}" in done.stderr
