"""``fogline doctor`` on a real API server."""

import json
import time

import pytest
from dev.controlplane import ControlPlane
from tests.support.live_cli import fogline_on
from tests.support.world import World
from tests.support.world_nodes import TEST_LABEL

from fogline.cli.checkup.facts import COLLECTOR

LIMIT_SECONDS = 25
"""For everything, on a busy machine: the collector has three, and the API server would wait 30 for it."""

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


async def test_it_tells_of_a_collector_that_does_not_answer_and_does_not_wait_for_it(
    world: World, control_plane: ControlPlane
) -> None:
    await world.add_node("a")
    labels = {"app.kubernetes.io/name": COLLECTOR}
    meta = {"name": COLLECTOR, "namespace": world.namespace, "labels": labels}
    port = {"name": "figures", "port": 8081, "targetPort": 8081}
    container = {"name": "collector", "image": "collector", "ports": [{"containerPort": 8081}]}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [container], "nodeSelector": {TEST_LABEL: world.namespace}},
    }
    deployment = {"selector": {"matchLabels": labels}, "template": template}
    await world.client.create(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": deployment}
    )
    service = {"selector": labels, "ports": [port]}
    await world.client.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": service})
    await world.kubectl("wait", "--for=condition=Available", f"deployment/{COLLECTOR}", "--timeout=120s")

    began = time.monotonic()
    done = await fogline_on(control_plane.kubeconfig)("doctor", "-o", "json")
    took = time.monotonic() - began

    (found,) = [one for one in json.loads(done.stdout)["findings"] if one["check"] == "Collector"]
    assert (found["outcome"], found["advice"]) == (
        "ERROR",
        f"kubectl -n {world.namespace} logs deployment/{COLLECTOR}",
    ), found["message"]
    assert found["message"].startswith("it gives no figures: ")
    assert took < LIMIT_SECONDS
