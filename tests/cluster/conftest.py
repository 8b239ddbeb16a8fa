"""A control plane with simulated nodes for the whole test session, with our CRDs and policies."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from dev import controlplane
from dev.controlplane import ControlPlane
from dev.paths import ROOT
from dev.programs import program
from tests.support import policies
from tests.support.clusters import refuse_foreign_cluster
from tests.support.dry_run import DryRun, dry_runs
from tests.support.faultproxy import FaultProxy
from tests.support.kubectl import Kubectl
from tests.support.operator_process import (
    ENDING_NAMESPACE,
    OperatorProcess,
    WarmOperatorProcess,
    alarms,
)
from tests.support.rights import OPERATOR, kubeconfig_of_account
from tests.support.world import World, new_namespace, new_world
from tests.support.world_nodes import UNMANAGED_SELECTOR
from tests.support.world_profiles import WorldProfiles, new_world_profiles

from fogline.cluster.client import Client
from fogline.cluster.connection import Connection, from_kubeconfig
from fogline.cluster.limiter import Rate
from fogline.cluster.transport import Limits

EXTRA_ARGS = {
    # as real clusters have it, and stricter: an owner reference that blocks deletion needs a right of its own
    "kube-apiserver": [
        "enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement",
        "feature-gates=ImageVolume=true,PodTopologyLabelsAdmission=true",  # on by default from 1.35 on
    ],
    "kwok-controller": [f"disregard-status-with-annotation-selector={UNMANAGED_SELECTOR}"],
}


PATIENT = {"lease_seconds": 60}
"""Settings of operators: no busy machine lets them lose the Lease, and end, for nobody starts them anew."""
OPERATORS = {"start_operator", "operator_of_account"}
"""Fixtures."""
LIMIT_SECONDS = 1200
"""For one test, unless it has a limit of its own: all that it waits for has one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let operators start before the worlds that they work on: they end after the last look at those.

    They come before all else, for what asks for a world may ask for it first.
    """
    for item in items:
        item.add_marker(pytest.mark.timeout(LIMIT_SECONDS), append=True)
        names = getattr(item, "fixturenames", [])
        for name in OPERATORS & {*names}:
            names.remove(name)
            names.insert(0, name)


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Start a control plane of this test run's own, with our CRDs and policies."""
    plane = controlplane.start(f"tests-{os.getpid()}", extra_args=EXTRA_ARGS)
    try:
        kubectl = Kubectl(program("kubectl"), plane.kubeconfig, tmp_path_factory.mktemp("kubectl"))
        apply_crds(kubectl)
        policies.install(kubectl, policies.policies())
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
    for state in (
        "jsonpath={.status.conditions}",
        "condition=Established",
    ):  # conditions may be missing at first
        kubectl("wait", f"--for={state}", "crd", "--all", "--timeout=120s")


@pytest.fixture(scope="session")
def dry_run(control_plane: ControlPlane) -> Iterator[DryRun]:
    """Ask what the API server says to an object, without making it."""
    with dry_runs(control_plane.kubeconfig) as dry_run:
        yield dry_run


@pytest.fixture(scope="session")
def connection(control_plane: ControlPlane) -> Connection:
    """As administrator."""
    return from_kubeconfig(control_plane.kubeconfig)


@pytest.fixture
async def client(connection: Connection) -> AsyncIterator[Client]:
    """Straight to the API server, without waiting for our own rates."""
    fast = Rate(per_second=1000, burst=1000)
    async with Client(connection, Limits(decisions=fast, other=fast)) as client:
        yield client


@pytest.fixture
async def proxy(connection: Connection) -> AsyncIterator[FaultProxy]:
    """Stand between a client and the API server, without any fault yet."""
    async with FaultProxy(connection) as proxy:
        yield proxy


@pytest.fixture
async def namespace(client: Client) -> str:
    """Make a namespace of this test's own."""
    return await new_namespace(client)


@pytest.fixture
async def world(client: Client, kubectl: Kubectl) -> AsyncIterator[World]:
    """Give a test its own namespace and nodes, and hold its whole history against our promises."""
    async with new_world(client, kubectl) as world:
        yield world


@pytest.fixture
async def profiles(world: World) -> AsyncIterator[WorldProfiles]:
    """Give a test NodeProfiles of its own."""
    async with new_world_profiles(world) as profiles:
        yield profiles


@pytest.fixture(scope="session")
def operator_kubeconfig(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Speak as the operator's service account, with the rights that are shipped and no others."""
    return kubeconfig_of_account(kubectl, OPERATOR, tmp_path_factory.mktemp("operator") / "kubeconfig.yaml")


@pytest.fixture
async def operator_client(operator_kubeconfig: Path) -> AsyncIterator[Client]:
    """Speak with the token of the operator."""
    async with Client(from_kubeconfig(operator_kubeconfig)) as client:
        yield client


@pytest.fixture(scope="module")
def shared_operator(
    operator_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OperatorProcess]:
    """Run one operator for all tests of a file that neither disturb nor restart it."""
    log = tmp_path_factory.mktemp("operator") / "log"
    operator = WarmOperatorProcess(operator_kubeconfig, log, **PATIENT, unstick_seconds=2)
    operator.spawn()
    try:
        yield operator
    finally:
        operator.end()


@pytest.fixture
async def operator(shared_operator: OperatorProcess) -> AsyncIterator[OperatorProcess]:
    """Use the shared operator; what it logs during the test must be free of alarms."""
    await shared_operator.ready()
    offset = shared_operator.log_bytes()
    yield shared_operator
    sys.stdout.write(shared_operator.log(offset))  # pytest shows it when the test fails
    assert alarms(shared_operator.log(offset)) == []


@pytest.fixture
async def operator_proxy(operator_kubeconfig: Path) -> AsyncIterator[FaultProxy]:
    """Stand between the operators of this test and the API server."""
    async with FaultProxy(from_kubeconfig(operator_kubeconfig)) as proxy:
        yield proxy


StartOperator = Callable[..., Awaitable[OperatorProcess]]


@pytest.fixture
async def start_operator(operator_proxy: FaultProxy, tmp_path: Path) -> AsyncIterator[StartOperator]:
    """Start operators of this test's own, behind the proxy, with the settings that it names."""
    started: list[OperatorProcess] = []

    async def start(**settings: object) -> OperatorProcess:
        kubeconfig = operator_proxy.kubeconfig(tmp_path / "kubeconfig.yaml")
        log = tmp_path / f"log-{len(started)}"
        operator = WarmOperatorProcess(kubeconfig, log, **{**PATIENT, **settings})
        started.append(operator)
        await operator.start()
        return operator

    yield start
    for operator in started:
        sys.stdout.write(operator.log())  # pytest shows it when the test fails
        if operator.is_running():
            assert await operator.stop() == 0
    assert [alarm for operator in started for alarm in alarms(operator.log())] == []
    refused = [request for request in operator_proxy.requests if request.status == HTTPStatus.FORBIDDEN]
    assert [request.path for request in refused if ENDING_NAMESPACE not in request.refusal] == []
