"""What the chart gives to the Prometheus Operator is what its CustomResourceDefinitions take."""

import json
from pathlib import Path

import pytest
from dev.gomodule import prometheus_operator_crds
from tests.support.chart import Document, rendered
from tests.support.kubectl import Kubectl

MONITORS = ("servicemonitors", "podmonitors", "prometheusrules")
PARTS = ("serviceMonitor", "podMonitor", "prometheusRule", "dashboards")
ENABLED = {part: {"enabled": True, "labels": {"release": "prometheus"}} for part in PARTS}


@pytest.fixture(scope="module", autouse=True)
def _monitors(kubectl: Kubectl) -> None:
    """Define the kinds, as the Prometheus Operator does."""
    files = [prometheus_operator_crds() / f"monitoring.coreos.com_{plural}.yaml" for plural in MONITORS]
    kubectl("apply", "--server-side", *(f"--filename={file}" for file in files))
    names = [f"crd/{plural}.monitoring.coreos.com" for plural in MONITORS]
    kubectl("wait", "--for=condition=Established", "--timeout=120s", *names)


def monitoring() -> list[Document]:
    """Render the chart with all that is for monitoring."""
    before = {_identity(one) for one in rendered()}
    return [one for one in rendered({"monitoring": ENABLED}) if _identity(one) not in before]


def _identity(document: Document) -> tuple[str, str]:
    return document["kind"], document["metadata"]["name"]


def dry_run(kubectl: Kubectl, folder: Path, documents: list[Document]) -> str:
    """Let the API server judge documents, strictly: a field that it does not know is an error."""
    file = folder / "documents.json"
    for one in documents:
        one["metadata"]["namespace"] = "default"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}))
    return kubectl("create", "--dry-run=server", "--validate=strict", f"--filename={file}")


def test_the_api_server_takes_them(kubectl: Kubectl, tmp_path: Path) -> None:
    documents = monitoring()
    assert {_identity(one) for one in documents} == {
        ("ServiceMonitor", "fogline"),
        ("PodMonitor", "fogline-models"),
        ("PrometheusRule", "fogline"),
        ("ConfigMap", "fogline-dashboard-fleet"),
        ("ConfigMap", "fogline-dashboard-measured"),
        ("ConfigMap", "fogline-dashboard-operator"),
    }
    assert {one["metadata"]["labels"]["release"] for one in documents} == {"prometheus"}
    assert dry_run(kubectl, tmp_path, documents).count("created") == len(documents)


def test_the_api_server_would_refuse_a_field_that_is_misspelt(kubectl: Kubectl, tmp_path: Path) -> None:
    monitor = next(one for one in monitoring() if one["kind"] == "PodMonitor")
    monitor["spec"]["podMetricsEndpoints"][0]["intervall"] = "30s"
    with pytest.raises(AssertionError, match="intervall"):
        dry_run(kubectl, tmp_path, [monitor])
