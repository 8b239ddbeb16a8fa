"""The kind cluster of `make up`, with a store and the digits model in it."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from dev import digits, engine
from dev.api import Connection, connect
from dev.engine import Engine
from dev.paths import KIND_KUBECONFIG
from dev.programs import program
from dev.s3 import install_store
from dev.store import StoreCredentials, reader_secret
from tests.support.clusters import refuse_foreign_cluster
from tests.support.kind_cluster import OPERATORS, Cluster
from tests.support.kubectl import Kubectl
from tests.support.operator_process import alarms

REQUIRED = "FOGLINE_REQUIRE_E2E"
LAST = "test_rights.py"
"""It judges what Fogline did during all other tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put one file last."""
    items.sort(key=lambda item: item.path.name == LAST)


@pytest.fixture(scope="session", autouse=True)
def began() -> datetime:
    """Tell when the first of these tests began."""
    return datetime.now(UTC)  # noqa: TID251  as the API server's clock: it is on this machine


@pytest.fixture(scope="session")
def docker() -> Engine:
    """Find the engine of the cluster; without one tests are skipped, or fail where they are required."""
    found = engine.find()
    if found is None or not KIND_KUBECONFIG.exists():
        text = "there is no kind cluster: run `make up`"
        if os.environ.get(REQUIRED):
            pytest.fail(text)
        pytest.skip(text)
    return found


@pytest.fixture(scope="session")
def kubectl(docker: Engine, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """Run commands against the cluster, as its administrator."""
    del docker  # it must be there
    found = Kubectl(program("kubectl"), KIND_KUBECONFIG, tmp_path_factory.mktemp("kubectl"))
    refuse_foreign_cluster(found)
    return found


@pytest.fixture(scope="session")
def api(kubectl: Kubectl) -> Iterator[Connection]:
    """Keep a connection to the API server, for all that is waited for."""
    with connect(kubectl.kubeconfig) as api:
        yield api


@pytest.fixture(scope="session")
def store(docker: Engine, kubectl: Kubectl) -> StoreCredentials:
    """Have the store in the cluster hold the digits model."""
    refuse_foreign_cluster(kubectl)
    credentials = install_store(docker, "default")
    digits.publish(digits.trained(), credentials)
    return credentials


@pytest.fixture
def cluster(kubectl: Kubectl, api: Connection, docker: Engine, store: StoreCredentials) -> Iterator[Cluster]:
    """Give a test a namespace of its own, with the Secret that serving pods read."""
    with own_namespace(kubectl, api, docker, store) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def shared_cluster(
    kubectl: Kubectl, api: Connection, docker: Engine, store: StoreCredentials
) -> Iterator[Cluster]:
    """Give all tests of a file one namespace."""
    with own_namespace(kubectl, api, docker, store) as cluster:
        yield cluster


@pytest.fixture
def served(shared_cluster: Cluster) -> Cluster:
    """Give the namespace of the file, in which the digits model has three Ready replicas."""
    shared_cluster.apply(shared_cluster.digits())
    shared_cluster.wait_until_ready(3)
    return shared_cluster


@contextmanager
def own_namespace(
    kubectl: Kubectl, api: Connection, docker: Engine, store: StoreCredentials
) -> Iterator[Cluster]:
    """Make a namespace, with the Secret that serving pods read; no pod of it is left afterwards."""
    namespace = f"e2e-{uuid.uuid4().hex[:6]}"
    kubectl("create", "namespace", namespace)
    kubectl("apply", "--filename=-", manifest=reader_secret(store, namespace))
    yield Cluster(kubectl, api, docker, namespace)
    # once its pods are gone nobody waits for it; with them it takes half of their grace period at least
    kinds = "modeltrainings,jobs,modeldeployments,deployments,replicasets,pods"
    where = f"--namespace={namespace}"
    kubectl("delete", kinds, "--all", where, "--grace-period=1", "--timeout=150s")
    kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture(autouse=True)
def operator_log_is_clean(kubectl: Kubectl) -> Iterator[None]:
    """Fail a test during which the operator logged an error, or was refused a right."""
    yield
    pods = kubectl.get("pods", *OPERATORS)
    names = [pod["metadata"]["name"] for pod in pods["items"] if pod["status"]["phase"] == "Running"]
    for name in names:
        found = alarms(kubectl("logs", name, "--namespace=fogline-system"))
        assert not found, found[0]
