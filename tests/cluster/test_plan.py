"""``fogline plan`` and ``fogline top`` on a cluster: what it is now, and what it would be."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dev.controlplane import ControlPlane
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Fault, Refuse
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("operator")

FOGLINE = Path(sys.executable).with_name("fogline")


def fogline(plane: ControlPlane, *arguments: str) -> Any:
    """Run a command on the cluster and read its JSON."""
    return fogline_with(plane.kubeconfig, *arguments)


def fogline_with(kubeconfig: Path, *arguments: str) -> Any:
    done = subprocess.run(
        [FOGLINE, *arguments, "--output=json"],
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr  # other tests of this cluster may leave replicas waiting
    return json.loads(done.stdout)


def of_model(found: list[dict[str, Any]], world: World) -> list[dict[str, Any]]:
    return [one for one in found if one["model"] == f"{world.namespace}/digits"]


async def test_what_runs_is_in_place_and_a_drained_node_would_send_it_elsewhere(
    world: World, control_plane: ControlPlane
) -> None:
    first = await world.add_node("a")
    second = await world.add_node("b")
    await world.apply_model(replicas=1)
    await world.until_ready(1)

    (assignment,) = of_model(fogline(control_plane, "plan")["assignments"], world)
    assert (assignment["node"], assignment["inPlace"]) == (first, True)

    moves = fogline(control_plane, "plan", f"--without-node={first}")["difference"]["moves"]
    assert [(one["from"], one["to"], one["replicas"]) for one in of_model(moves, world)] == [
        (first, second, 1)
    ]


async def test_a_model_that_is_not_applied_yet_can_be_added(
    world: World, control_plane: ControlPlane, tmp_path: Path
) -> None:
    node = await world.add_node(cpu="2")
    await world.apply_model(replicas=1)
    await world.until_ready(1)
    model = await world.model()
    model["metadata"] = {"name": "faces", "namespace": world.namespace}
    model.pop("status")
    file = tmp_path / "faces.json"
    file.write_text(json.dumps(model))

    gained = fogline(control_plane, "plan", f"--add={file}")["difference"]["gained"]

    faces = [one for one in gained if one["model"] == f"{world.namespace}/faces"]
    assert [(one["to"], one["replicas"]) for one in faces] == [(node, 1)]


async def test_a_model_can_be_tried_on_a_cluster_that_does_not_know_our_kinds(
    world: World, proxy: FaultProxy, tmp_path: Path
) -> None:
    node = await world.add_node()
    await world.apply_model(replicas=1)
    model = await world.model()
    model.pop("status", None)
    file = tmp_path / "model.json"
    file.write_text(json.dumps(model))
    proxy.add(Fault(Refuse(404, "NotFound"), path="/apis/fogline.dev/", times=None))

    command = ("plan", f"--add={file}")
    found = await asyncio.to_thread(fogline_with, proxy.kubeconfig(tmp_path / "proxy.yaml"), *command)

    gained = of_model(found["difference"]["gained"], world)
    assert [(one["to"], one["replicas"]) for one in gained] == [(node, 1)]


async def test_figures_are_those_of_the_replicas_that_run(world: World, control_plane: ControlPlane) -> None:
    await world.add_node("cheap", labels={"fogline.dev/cost-per-hour": "0.25", "fogline.dev/latency-ms": "9"})
    await world.apply_model(replicas=2)
    await world.until_ready(2)

    found = fogline(control_plane, "top")["models"][f"{world.namespace}/digits"]

    assert (found["replicas"], found["nodes"], found["costPerHour"]) == (2, 1, "0.25")
    assert (found["latencyMilliseconds"]["mean"], found["latencyMilliseconds"]["worst"]) == (9, 9)
