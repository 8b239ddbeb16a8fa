"""Control planes of ours: marked, several at once, and gone with their owner."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from dev import controlplane
from dev.api import connect
from dev.cluster import MADE_BY, add_nodes, simulated_node
from dev.controlplane import ControlPlane
from dev.errors import DevError
from dev.paths import ROOT


@pytest.fixture
def name() -> Iterator[str]:
    name = f"own-{uuid.uuid4().hex[:8]}"
    yield name
    controlplane.remove(name)


def test_it_says_who_made_it(control_plane: ControlPlane) -> None:
    with connect(control_plane.kubeconfig) as api:
        namespace = api.request("GET", "/api/v1/namespaces/kube-system")
    assert namespace["metadata"]["labels"][MADE_BY] == "dev"


def test_simulated_nodes_get_ready_beside_another_control_plane(
    control_plane: ControlPlane, name: str
) -> None:
    plane = controlplane.start(name)
    assert plane.server != control_plane.server
    add_nodes(plane.kubeconfig, [simulated_node(f"n{i}", {"fogline.dev/tier": "Cloud"}) for i in range(5)])
    with connect(plane.kubeconfig) as api:
        nodes = api.request("GET", "/api/v1/nodes")["items"]
    assert [node["metadata"]["labels"]["fogline.dev/tier"] for node in nodes] == ["Cloud"] * 5


def test_a_kept_one_is_found_until_it_is_stopped(name: str) -> None:
    assert controlplane.find(name) is None
    plane = controlplane.start(name, keep=True)
    assert controlplane.find(name) == plane
    controlplane.stop(plane)
    assert controlplane.find(name) is None
    assert name not in controlplane.names()


def test_that_of_a_killed_run_is_removed_by_the_next_start(name: str) -> None:
    orphan = f"{name}-orphan"
    script = (
        f"import os; from dev import controlplane; controlplane.start({orphan!r})\n"
        "print(*controlplane.names(), flush=True); os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -9
    assert orphan in killed.stdout.decode().split()
    controlplane.start(name)
    assert orphan not in controlplane.names()


def test_extra_arguments_reach_the_component(name: str) -> None:
    controlplane.start(name, extra_args={"kube-scheduler": ["kube-api-qps=1000"]})
    listing = subprocess.run(
        ["ps", "-wweo", "args"], check=True, capture_output=True, text=True, env=os.environ
    ).stdout
    schedulers = [line for line in listing.splitlines() if "kube-scheduler" in line and f"/{name}/" in line]
    assert len(schedulers) == 1
    assert "--kube-api-qps=1000" in schedulers[0]


def test_a_name_that_is_no_folder_name_is_refused() -> None:
    with pytest.raises(DevError, match="lower-case letters"):
        controlplane.start("../up")
