"""A control plane with simulated nodes for the whole test session, with our CRDs applied."""

import os
from collections.abc import Iterator

import pytest
from dev import controlplane
from dev.controlplane import ControlPlane
from dev.paths import ROOT
from dev.programs import program
from tests.support.clusters import refuse_foreign_cluster
from tests.support.kubectl import Kubectl


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """Start a control plane of this session's own; it is gone afterwards."""
    plane = controlplane.start(f"tests-{os.getpid()}")
    try:
        yield plane
    finally:
        controlplane.stop(plane)


@pytest.fixture(scope="session")
def kubectl(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """Run commands against the control plane; the CRDs are there."""
    runner = Kubectl(program("kubectl"), control_plane.kubeconfig, tmp_path_factory.mktemp("kubectl"))
    refuse_foreign_cluster(runner)
    runner("apply", "--server-side", f"--filename={ROOT / 'crds'}")
    runner("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    return runner
