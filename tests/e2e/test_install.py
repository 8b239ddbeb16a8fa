"""Upgrade, roll back, uninstall and install again while clients ask without a pause, and install anew."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dev import chart, client, digits
from dev.client import Asker
from dev.errors import DevError
from dev.install import IMAGE, image_id, install_operator
from dev.paths import KIND_KUBECONFIG, ROOT
from dev.steps import step
from tests.support.judging.seen import is_ready
from tests.support.kind_cluster import Cluster, uids
from tests.support.previous_chart import previous_chart

pytestmark = pytest.mark.timeout(900)
LONGEST_SECONDS = 60.0
"""What an uninstallation may take."""
SHORT_SECONDS = 30
ADVICE = "look at `helm --namespace fogline-system status fogline`"
SYSTEM = f"--namespace={chart.NAMESPACE}"


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Cluster:
    return shared_cluster


@pytest.fixture(scope="module", autouse=True)
def as_before(shared_cluster: Cluster) -> Iterator[None]:
    """Leave the cluster as `make up` does."""
    try:
        yield
    finally:
        install_operator(shared_cluster.engine)


@pytest.fixture(scope="module")
def model(shared_cluster: Cluster) -> str:
    """Serve a model by the Fogline of `make up`; gives the host."""
    shared_cluster.apply(shared_cluster.digits())
    shared_cluster.wait_until_ready(3)
    return f"digits.{shared_cluster.namespace}.svc"


@pytest.fixture(scope="module")
def asker(shared_cluster: Cluster, model: str) -> Iterator[Asker]:
    """Ask it all the time, by gRPC and by REST."""
    with client.asking(digits.trained(), [model], shared_cluster.namespace) as asker:
        yield asker


@pytest.fixture
def no_request_is_lost(asker: Asker) -> Iterator[None]:
    """Hold every answer of the clients against what was asked."""
    before = asker.asked()
    yield
    after = asker.asked_by_now()
    assert after["failures"] == []
    assert (after["failed"], after["wrong"]) == (0, 0)
    assert all(after["by_target"][one] > before["by_target"][one] for one in before["by_target"])


def helm(*arguments: str) -> float:
    """Run helm; returns the seconds that it took."""
    begin = time.monotonic()
    with step(f"helm {arguments[0]}", advice=ADVICE) as during:
        chart.helm(during, *arguments)
    return time.monotonic() - begin


def install(
    cluster: Cluster, *arguments: str, folder: Path = chart.CHART, values: Path = chart.VALUES
) -> None:
    """Install or upgrade a chart, and wait until the operators are ready."""
    with step("Install the chart", advice=ADVICE) as during:
        chart.install(during, image_id(cluster.engine, IMAGE), *arguments, chart=folder, values=values)


def operators(cluster: Cluster) -> set[str]:
    names = "app.kubernetes.io/name in (fogline-operator,fogline-janitor)"
    return uids(cluster.listed_pods(names, chart.NAMESPACE))


@pytest.mark.usefixtures("no_request_is_lost")
def test_upgrades_and_rollbacks_replace_the_operators_and_touch_no_pod_of_a_model(cluster: Cluster) -> None:
    models, before = uids(cluster.pods()), operators(cluster)
    install(
        cluster, "--set=operator.settings.resyncSeconds=301", "--set=janitor.settings.gateTimeoutSeconds=121"
    )
    changed = operators(cluster)
    assert not changed & before
    helm("rollback", chart.RELEASE, "--wait", "--timeout=150s")
    assert not operators(cluster) & changed
    cluster.wait_until_ready(3)
    assert uids(cluster.pods()) == models


@pytest.mark.usefixtures("no_request_is_lost")
def test_the_chart_of_the_previous_commit_is_upgraded_without_touching_a_pod_of_a_model(
    cluster: Cluster, tmp_path: Path
) -> None:
    previous = previous_chart(tmp_path)
    if previous is None:
        pytest.skip("there is no previous chart: no git repository, or the chart has not changed in it")
    models = uids(cluster.pods())
    install(cluster, folder=previous.chart, values=previous.values)
    cluster.wait_until_ready(3)
    install(cluster)
    cluster.wait_until_ready(3)
    assert uids(cluster.pods()) == models


@pytest.mark.usefixtures("no_request_is_lost")
def test_models_go_on_without_fogline_and_a_new_installation_takes_them_over(cluster: Cluster) -> None:
    models = uids(cluster.pods())

    assert helm("uninstall", chart.RELEASE) < LONGEST_SECONDS

    cluster.wait(lambda: not operators(cluster), "all pods of Fogline are gone")
    kinds = "deployments,pods,services,serviceaccounts,roles,rolebindings,jobs,leases,secrets,networkpolicies"
    left = cluster.kubectl("get", kinds, SYSTEM, "--output=name").split()
    assert left == ["serviceaccount/default"]
    left = cluster.kubectl("get", "clusterroles,clusterrolebindings", "--output=name").split()
    assert [name for name in left if "fogline" in name] == []
    assert uids(cluster.pods()) == models
    victim, *_ = (pod for pod in cluster.pods() if pod["metadata"]["labels"]["fogline.dev/variant"] == "edge")
    cluster.run("delete", "pod", victim["metadata"]["name"], "--wait=false")
    gone = victim["metadata"]["uid"]
    cluster.wait(lambda: gone not in (found := ready(cluster)) and len(found) == 3, "a successor serves")

    install(cluster)

    cluster.wait_until_ready(3)


def ready(cluster: Cluster) -> set[str]:
    """Give the pods of the model that serve, as the cluster says: there is no operator to ask."""
    return uids([pod for pod in cluster.pods() if is_ready(pod)])


@pytest.mark.usefixtures("no_request_is_lost")
def test_an_uninstallation_whose_image_cannot_be_pulled_says_so_and_is_through_all_the_same(
    cluster: Cluster,
) -> None:
    models = uids(cluster.pods())
    helm(
        *("upgrade", chart.RELEASE, str(chart.CHART), "--reuse-values"),
        *(f"--set=uninstall.timeoutSeconds={SHORT_SECONDS}", "--set=images.operator.tag=missing"),
    )
    begin = time.monotonic()
    with pytest.raises(DevError, match="fogline-uninstall"):
        helm("uninstall", chart.RELEASE)
    assert time.monotonic() - begin < LONGEST_SECONDS
    assert chart.RELEASE not in cluster.kubectl("get", "secrets", SYSTEM, "--output=name")
    assert "fogline-uninstall" not in cluster.kubectl(
        "get", "jobs,serviceaccounts,rolebindings,clusterroles", SYSTEM, "--output=name"
    )
    assert uids(cluster.pods()) == models


def test_a_model_answers_and_is_explained_after_a_first_installation(cluster: Cluster) -> None:
    helm("uninstall", chart.RELEASE, "--ignore-not-found", "--wait")
    ours = [one for one in cluster.kubectl("get", "crd", "--output=name").split() if "fogline.dev" in one]
    cluster.kubectl("delete", *ours)

    install(cluster)
    cluster.apply(cluster.digits("first"))
    cluster.wait_until_ready(3, "first")

    helm("test", chart.RELEASE)
    reports = cluster.predict(f"Service=first.{cluster.namespace}.svc")
    assert all(report["accuracy"] >= 0.95 for report in reports)
    said = subprocess.run(
        [ROOT / ".venv" / "bin" / "fogline", "explain", "first", f"--namespace={cluster.namespace}"],
        env={**os.environ, "KUBECONFIG": str(KIND_KUBECONFIG)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert all(pod["spec"]["nodeName"] in said for pod in cluster.pods("first"))
