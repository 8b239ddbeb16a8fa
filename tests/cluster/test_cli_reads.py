"""Commands that read a cluster or send requests into it: ``profile nodes``, ``predict``, ``report``."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from dev.controlplane import ControlPlane
from tests.support.live_cli import Fogline, fogline_on
from tests.support.model_server import Server, running
from tests.support.tiny_models import tiny_models
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import PODS
from fogline.names import REST_PORT

ZONE = "topology.kubernetes.io/zone"


@pytest.fixture
def fogline(control_plane: ControlPlane) -> Fogline:
    """Run commands as administrator."""
    return fogline_on(control_plane.kubeconfig)


async def test_the_profiles_that_it_writes_are_accepted_and_then_left_out(
    world: World, fogline: Fogline, tmp_path: Path
) -> None:
    labels = {ZONE: world.namespace, "node.kubernetes.io/instance-type": world.namespace}
    await world.add_node("a", labels={**labels, "fogline.dev/cost-per-hour": "0.4"})
    file, names = tmp_path / "profiles.yaml", {f"{what}-{world.namespace}" for what in ("price", "site")}
    await asyncio.to_thread(file.write_text, (await fogline("profile", "nodes")).stdout)
    try:
        await world.kubectl("apply", f"--filename={file}")
        there = await world.kubectl("get", "nodeprofiles", "-o=name")
        assert names <= {line.partition("/")[2] for line in there.split()}
        again = (await fogline("profile", "nodes", "-o", "name")).stdout
        assert world.namespace not in again
    finally:
        await world.kubectl("delete", f"--filename={file}", "--ignore-not-found")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Serve a model that doubles."""
    with running(tiny_models() / "tflite", tmp_path / "log") as server:
        yield server


def own_address() -> str:
    """Give an address of this machine that is no loopback: those the API server would not connect to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing (RFC 5737: an address for documentation)
        return str(probe.getsockname()[0])


async def lead_to(rest_port: int, world: World) -> None:
    """Let the Service of the model lead to a port of this machine, by a pod that has its address.

    The API server connects to addresses of pods only.
    """
    address, waits = own_address(), [{"name": "example.com/for-ever"}]
    containers = [{"name": "server", "image": "none"}]
    pod = {"metadata": {"name": "here"}, "spec": {"schedulingGates": waits, "containers": containers}}
    await world.create({"apiVersion": "v1", "kind": "Pod", **pod})
    status = {"status": {"podIP": address, "podIPs": [{"ip": address}]}}
    await world.patch(PODS, "here", status, subresource="status")
    target = {"kind": "Pod", "name": "here", "namespace": world.namespace}
    ports = [{"name": "rest", "port": rest_port}]
    subset = {"addresses": [{"ip": address, "targetRef": target}], "ports": ports}
    named = {"apiVersion": "v1", "metadata": {"name": "digits"}}
    service = {"kind": "Service", "spec": {"ports": [{**ports[0], "port": REST_PORT}]}}
    for manifest in ({**named, **service}, {**named, "kind": "Endpoints", "subsets": [subset]}):
        await world.kubectl("create", "--filename=-", manifest=manifest)


async def test_a_request_goes_through_the_api_server_to_a_model_and_back(
    world: World, fogline: Fogline, server: Server
) -> None:
    await world.apply_model("digits", model={"name": "tiny"}, suspend=True)
    await lead_to(server.rest_port, world)
    done = None

    async def answers() -> bool:
        nonlocal done
        done = await fogline("predict", "digits", "[[1.0, 2.0, 3.0]]", "-n", world.namespace)
        return done.exit_code == 0

    await wait_for(answers, "the API server knows what is behind the Service", every_seconds=0.2)
    assert done
    assert json.loads(done.stdout) == {"predictions": [{"doubled": [2.0, 4.0, 6.0], "total": 6.0}]}

    refused = await fogline("predict", "digits", '["x"]', "-n", world.namespace)
    assert refused.exit_code == 1
    assert "fogline: the model does not answer: 400" in refused.stderr
    absent = await fogline("predict", "digits", "[1]", "-n", world.namespace, "--version", "77")
    assert absent.exit_code == 1


async def test_a_model_without_a_replica_does_not_answer(world: World, fogline: Fogline) -> None:
    await world.apply_model("digits", suspend=True)
    done = await fogline("predict", "digits", "[1]", "-n", world.namespace)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "fogline: the model does not answer: 404" in done.stderr


async def test_a_report_of_a_live_cluster_shows_its_nodes(world: World, fogline: Fogline) -> None:
    node = await world.add_node("a")
    page = (await fogline("report")).stdout
    assert node in page
