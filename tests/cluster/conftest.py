"""A control plane with simulated nodes for the whole test session, with our CRDs applied."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from dev import controlplane
from dev.controlplane import ControlPlane
from dev.paths import ROOT
from dev.programs import program
from tests.support.clusters import refuse_foreign_cluster
from tests.support.faultproxy import FaultProxy
from tests.support.kubectl import Kubectl

from fogline.cluster.client import Client
from fogline.cluster.connection import Connection, from_kubeconfig
from fogline.cluster.limiter import Rate
from fogline.cluster.transport import Limits


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Start a control plane of this session's own, with our CRDs; it is gone afterwards."""
    plane = controlplane.start(f"tests-{os.getpid()}")
    try:
        apply_crds(Kubectl(program("kubectl"), plane.kubeconfig, tmp_path_factory.mktemp("kubectl")))
        yield plane
    finally:
        controlplane.stop(plane)


@pytest.fixture(scope="session")
def kubectl(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """Run commands against the control plane, as its administrator."""
    return Kubectl(program("kubectl"), control_plane.kubeconfig, tmp_path_factory.mktemp("kubectl"))


def apply_crds(kubectl: Kubectl) -> None:
    """Apply our CRDs and wait until the API server serves them."""
    refuse_foreign_cluster(kubectl)
    kubectl("apply", "--server-side", f"--filename={ROOT / 'crds'}")
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")


@pytest.fixture(scope="session")
def connection(control_plane: ControlPlane) -> Connection:
    """As administrator."""
    return from_kubeconfig(control_plane.kubeconfig)


@pytest.fixture
async def client(connection: Connection) -> AsyncIterator[Client]:
    """Straight to the API server, without waiting for our own rates."""
    fast = Rate(per_second=1000, burst=1000)
    async with Client(connection, Limits(ungate=fast, other=fast)) as client:
        yield client


@pytest.fixture
async def proxy(connection: Connection) -> AsyncIterator[FaultProxy]:
    """Stand between a client and the API server, without any fault yet."""
    async with FaultProxy(connection) as proxy:
        yield proxy


@pytest.fixture
async def namespace(client: Client) -> str:
    """Make a namespace of this test's own."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name
