"""Commands that write: ``fogline move``, ``suspend`` and ``resume`` on a cluster with an operator."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from dev.controlplane import ControlPlane
from tests.support.live_cli import Fogline, fogline_on
from tests.support.wait import LIMIT_SECONDS, wait_for
from tests.support.world import World

from fogline.cluster.kinds import MODEL_DEPLOYMENTS, PODS
from fogline.names import REQUESTED_MOVES_ANNOTATION

pytestmark = pytest.mark.usefixtures("operator")

FOGLINE = Path(sys.executable).with_name("fogline")
CHEAP, DEAR = ({"fogline.dev/cost-per-hour": price} for price in ("0.1", "9"))


@pytest.fixture
def fogline(world: World, control_plane: ControlPlane) -> Fogline:
    """Run commands about the namespace of the test."""
    return fogline_on(control_plane.kubeconfig, f"--namespace={world.namespace}")


async def test_a_replica_moves_where_a_user_asks_unless_the_node_refuses(
    world: World, fogline: Fogline
) -> None:
    cheap = await world.add_node("cheap", labels=CHEAP)
    dear = await world.add_node("dear", labels=DEAR)
    full = await world.add_node("full", cpu="500m")
    await world.apply_model(replicas=1)
    await world.until_on([cheap])
    await world.until_ready(1)

    refused = await fogline("move", "digits", "--to", full)
    assert (refused.exit_code, refused.stderr) == (1, "")
    why = f"is asked to leave {cheap} (Requested): 1 node InsufficientResource ({full}: needs"
    assert why in refused.stdout
    assert REQUESTED_MOVES_ANNOTATION not in (await world.model())["metadata"].get("annotations", {})

    done = await fogline("move", "digits", "--to", dear, "--wait", "-o", "json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["from"], told["to"], told["result"]) == (cheap, dear, "Completed")
    await world.until_on([dear])
    (past,) = (await world.model())["status"]["moves"]["history"]
    assert (past["id"], past["reason"]) == (told["id"], "Requested")
    (event,) = await world.until_told("MoveCompleted")
    assert f"from {cheap} to {dear} (Requested)" in event

    told = json.loads((await fogline("events", "digits", "-o", "json")).stdout)["events"]
    reasons = [one["reason"] for one in told]
    assert [one for one in reasons if one.startswith("Move")] == ["MoveStarted", "MoveCompleted"]
    assert "(Requested)" in (await fogline("events")).stdout


async def test_nobody_waits_for_the_move_of_a_replica_that_is_gone(world: World, fogline: Fogline) -> None:
    await world.add_node("first")
    await world.apply_model(replicas=1)
    await world.until_ready(1)
    (pod,) = await world.pods()
    target = await world.add_node("second")
    await world.edit_model({"disruption": {"budgets": [{"moves": 0}]}})

    waiting = asyncio.ensure_future(fogline("move", "digits", "--to", target, "--wait"))
    await wait_for(lambda: _is_requested(world), "the request is there")
    await world.delete(PODS, pod["metadata"]["name"])
    done = await waiting
    assert done.exit_code == 1
    assert "nothing came of it" in done.stdout


async def _is_requested(world: World) -> bool:
    return REQUESTED_MOVES_ANNOTATION in (await world.model())["metadata"].get("annotations", {})


async def test_a_model_is_suspended_and_resumed(world: World, fogline: Fogline) -> None:
    await world.add_node()
    await world.apply_model(replicas=1)
    await world.until_ready(1)

    done = await fogline("suspend", "digits")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"{world.namespace}/digits suspended\n"
    await world.until("Suspended", "True", "SuspendedByUser")
    again = await fogline("suspend", "digits", "-o", "json")
    assert json.loads(again.stdout)["changed"] is False
    assert (await fogline("move", "digits", "--to", world.node_name("a"))).exit_code == 2

    await world.label(MODEL_DEPLOYMENTS, "digits", {"kustomize.toolkit.fluxcd.io/name": "models"})
    resumed = await fogline("resume", "digits", "-o", "name")
    assert resumed.stdout == "modeldeployment.fogline.dev/digits\n"
    assert "Flux keeps this object as its source says" in resumed.stderr
    await world.until("Suspended", "False")


async def test_what_happens_is_told_as_it_happens(world: World, control_plane: ControlPlane) -> None:
    await world.apply_model(replicas=1)
    command = ["events", "digits", "-n", world.namespace, "--watch", "-o", "json"]
    watching = await asyncio.create_subprocess_exec(
        FOGLINE,
        *command,
        f"--kubeconfig={control_plane.kubeconfig}",
        stdout=asyncio.subprocess.PIPE,
    )
    assert watching.stdout
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            told = json.loads(await watching.stdout.readline())
    finally:
        watching.terminate()
        await watching.wait()
    assert (told["model"], told["reason"]) == (f"{world.namespace}/digits", "NoFittingNode")


async def test_of_a_model_that_is_not_there_the_closest_name_is_told(world: World, fogline: Fogline) -> None:
    await world.apply_model("digits", suspend=True)
    done = await fogline("suspend", "digit")
    assert (done.exit_code, done.stdout) == (2, "")
    assert (
        f"no ModelDeployment digit in namespace {world.namespace}; the closest name is digits" in done.stderr
    )
