"""``fogline doctor`` on a real API server."""

import json

import pytest
from dev.controlplane import ControlPlane
from tests.support.live_cli import fogline_on
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("operator")


async def test_it_reads_a_cluster_and_tells_of_what_is_wrong_with_it(
    world: World, control_plane: ControlPlane
) -> None:
    node = await world.add_node("a", labels={"fogline.dev/cost-per-hour": "cheap"})
    await world.apply_model(replicas=9)
    await world.until("Placed", "False", "NoFit")

    done = await fogline_on(control_plane.kubeconfig)("doctor", "-o", "json")

    assert (done.exit_code, done.stderr) == (1, "")
    found = {(one["check"], one["outcome"]): one["message"] for one in json.loads(done.stdout)["findings"]}
    assert found["Definitions", "OK"] == "as this fogline knows them"
    assert ("Clock", "OK") in found
    assert ("Kubernetes", "OK") in found
    assert f"label fogline.dev/cost-per-hour counts as absent on {node}" in found["Nodes", "ERROR"]
    assert f"{world.namespace}/digits" in found["ModelDeployments", "WARNING"]
