"""After all other tests with real nodes: what Fogline asked of the API server, and what it may."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
from dev.api import Connection
from dev.chart import NAMESPACE
from dev.engine import Engine
from dev.topology import AUDIT_LOGS, CONTROL_PLANE
from tests.support.audit_log import AuditLog, read
from tests.support.kind_cluster import Cluster
from tests.support.kubectl import Kubectl
from tests.support.least_rights import beyond, idle, refused, unfounded
from tests.support.rights import COLLECTOR, JANITOR, OPERATOR, UNINSTALL, WITH_PROBES, Right, grants

GRANTED = {
    **{account: grants(account) for account in (OPERATOR, JANITOR, UNINSTALL)},
    COLLECTOR: grants(COLLECTOR, WITH_PROBES),
}
AWAY = "no operator is away for two minutes"
NOT_SUSPENDED = "no training is suspended, and no Job of another owner has its name"
RARELY: Mapping[str, Mapping[Right, str]] = {
    OPERATOR: {
        Right("", "pods", "delete"): "no pod fails or is refused by kube-scheduler for half a minute",
        Right("", "pods/eviction", "create"): "there is room to surge on the nodes",
        Right("", "services", "delete"): "no Service of a tier is taken away",
        Right("apps", "deployments", "delete"): "no variant is taken out of a model",
        Right(
            "fogline.dev", "modeldeployments/finalizers", "update"
        ): "asked inside admission, not by a request",
        Right(
            "fogline.dev", "modeltrainings/finalizers", "update"
        ): "asked inside admission, not by a request",
        **{Right("batch", "jobs", verb): NOT_SUSPENDED for verb in ("get", "patch")},
    },
    JANITOR: {
        Right("", "pods", "patch"): AWAY,
        Right("", "pods", "delete"): AWAY,
        Right("events.k8s.io", "events", "create"): AWAY,
        Right("policy", "poddisruptionbudgets", "list"): AWAY,
        Right("policy", "poddisruptionbudgets", "patch"): AWAY,
    },
    COLLECTOR: {
        Right(
            "fogline.dev", "nodeprofiles", "patch"
        ): "no figure of a probe changes much, or is about to be stale",
        Right("fogline.dev", "nodeprofiles", "delete"): "no figure of a probe is stale",
    },
    UNINSTALL: {
        Right("", "pods", "patch"): "no pod waits at the gate at that moment",
        Right("apps", "replicasets", "delete"): "no template of a former time is left",
    },
}
"""What need not happen on real nodes. The tests of each account in tests/cluster use all that it may."""


@pytest.fixture(scope="module")
def log(kubectl: Kubectl, api: Connection, docker: Engine, began: datetime) -> AuditLog:
    """Read the audit log since the first test began."""
    cluster = Cluster(kubectl, api, docker, NAMESPACE)
    return read(cluster.on_node(CONTROL_PLANE, "sh", "-c", f"cat {AUDIT_LOGS}/audit*.log"), began)


@pytest.fixture
def _after_all_others(request: pytest.FixtureRequest) -> None:
    """Skip a test unless all files of this folder are a part of the run."""
    run = {item.path for item in request.session.items}
    if missing := sorted(file.name for file in Path(__file__).parent.glob("test_*.py") if file not in run):
        pytest.skip(f"not all tests with real nodes are run: not {', '.join(missing)}")


def test_nothing_that_fogline_asked_was_refused(log: AuditLog) -> None:
    assert log.requests, "an operator renews its Lease all the time"
    assert refused(log) == []


def test_nothing_was_done_that_the_chart_does_not_grant(log: AuditLog) -> None:
    assert beyond(log, GRANTED) == []


@pytest.mark.usefixtures("_after_all_others")
def test_every_right_that_the_chart_grants_was_used_or_there_is_a_reason(log: AuditLog) -> None:
    assert idle(log, GRANTED, RARELY) == []
    assert unfounded(GRANTED, RARELY) == []
