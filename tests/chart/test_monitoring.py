"""The parts of the chart for monitoring: nothing unless asked for, and what they select is there."""

import json
from typing import Any

from dev import libyaml
from dev.chart import CHART, NAMESPACE
from dev.dashboards import DASHBOARDS
from tests.support.chart import Document, rendered

from fogline.names import MODEL_LABEL, TIER_LABEL
from fogline.objects.deployment import MONITORING


def found(kind: str, **monitoring: Any) -> list[Document]:
    documents = rendered({"monitoring": monitoring} if monitoring else None)
    return [one for one in documents if one["kind"] == kind]


def test_nothing_of_other_projects_is_rendered_unless_it_is_asked_for() -> None:
    assert [one["kind"] for one in rendered() if "monitoring.coreos.com" in one["apiVersion"]] == []
    assert [
        one["metadata"]["name"] for one in found("ConfigMap") if "dashboard" in one["metadata"]["name"]
    ] == []


def test_the_service_monitor_selects_the_services_of_operator_janitor_and_collector() -> None:
    (monitor,) = found("ServiceMonitor", serviceMonitor={"enabled": True, "interval": "15s"})
    (endpoint,) = monitor["spec"]["endpoints"]
    name, instance = monitor["spec"]["selector"]["matchExpressions"]
    services = [
        one
        for one in found("Service")
        if one["metadata"]["labels"].get(name["key"]) in name["values"]
        and one["metadata"]["labels"].get(instance["key"]) in instance["values"]
    ]
    assert {one["metadata"]["name"] for one in services} == {
        "fogline-operator",
        "fogline-janitor",
        "fogline-collector",
    }
    assert {one["metadata"].get("namespace") for one in services} == {NAMESPACE}
    for one in services:
        assert endpoint["port"] in {port["name"] for port in one["spec"]["ports"]}
    assert (endpoint["path"], endpoint["interval"]) == ("/metrics", "15s")


def test_the_pod_monitor_selects_the_pods_of_models_and_names_them() -> None:
    (monitor,) = found("PodMonitor", podMonitor={"enabled": True})
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert monitor["spec"]["selector"] == {"matchExpressions": [{"key": MODEL_LABEL, "operator": "Exists"}]}
    assert monitor["spec"]["namespaceSelector"] == {"any": True}
    assert (endpoint["port"], endpoint["path"]) == ("rest", "/monitoring/prometheus/metrics")
    assert "enable: true" in MONITORING
    sources = {one["targetLabel"]: one["sourceLabels"] for one in endpoint["relabelings"]}
    meta = "__meta_kubernetes_pod_label_"
    assert sources == {
        "modeldeployment_namespace": ["__meta_kubernetes_namespace"],
        "modeldeployment": [meta + MODEL_LABEL.replace(".", "_").replace("/", "_")],
        "tier": [meta + TIER_LABEL.replace(".", "_").replace("/", "_")],
    }


def test_the_pod_monitor_looks_only_where_the_operator_may_write() -> None:
    documents = rendered(
        {"rbac": {"namespaces": ["a", "b"]}, "monitoring": {"podMonitor": {"enabled": True}}}
    )
    (monitor,) = [one for one in documents if one["kind"] == "PodMonitor"]
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": ["a", "b"]}


def test_the_rules_are_those_of_the_file() -> None:
    (rule,) = found("PrometheusRule", prometheusRule={"enabled": True})
    assert rule["spec"] == libyaml.load((CHART / "files" / "rules" / "fogline.yaml").read_text())


def test_each_dashboard_is_in_a_config_map_that_the_sidecar_finds() -> None:
    for labels, expected in (({}, "1"), ({"grafana_dashboard": "yes"}, "yes")):
        maps = found("ConfigMap", dashboards={"enabled": True, "labels": labels})
        by_name = {name: text for one in maps for name, text in one["data"].items()}
        assert by_name.keys() == {f"fogline-{name}.json" for name in DASHBOARDS}
        assert {one["metadata"]["labels"]["grafana_dashboard"] for one in maps} == {expected}
        for name, dashboard in DASHBOARDS.items():
            assert json.loads(by_name[f"fogline-{name}.json"])["title"] == dashboard.title
