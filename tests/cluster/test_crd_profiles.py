"""The real API server stores NodeProfiles as they were meant, and kubectl shows what it should."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.crd_cases import changed, full_manifest, smallest_manifest
from tests.support.dry_run import DryRun
from tests.support.kubectl import Kubectl

from fogline.api import parse_node_profile

FULL, SMALLEST = full_manifest("NodeProfile"), smallest_manifest("NodeProfile")
Apply = Callable[..., str]


@pytest.fixture
def apply(kubectl: Kubectl) -> Iterator[Apply]:
    """Apply a NodeProfile on the server's side and return its name; all are deleted afterwards."""
    made: set[str] = set()

    def do(manifest: dict[str, Any], manager: str = "test") -> str:
        kubectl("apply", "--server-side", f"--field-manager={manager}", "--filename=-", manifest=manifest)
        name: str = manifest["metadata"]["name"]
        made.add(name)
        return name

    yield do
    for name in made:
        kubectl("delete", "nprof", name)


def test_a_manifest_with_every_field_is_stored_as_it_was_written(kubectl: Kubectl, apply: Apply) -> None:
    assert kubectl.get("nprof", apply(FULL))["spec"] == FULL["spec"]


def test_a_latency_without_a_client_site_is_that_of_clients_in_general(
    kubectl: Kubectl, apply: Apply
) -> None:
    stored = kubectl.get("nprof", apply(SMALLEST))
    assert stored["spec"] == {"nodeSelector": {}, "latency": [{"clientSite": "", "milliseconds": 0}]}
    assert parse_node_profile(stored).spec == parse_node_profile(SMALLEST).spec


@pytest.mark.parametrize(
    "document",
    [
        changed(FULL, {"spec.billing": None, "spec.latency": None}, []),
        changed(FULL, {"spec.nodeSelector": {"gone": None, "disk": "ssd"}}, []),
        changed(FULL, {"spec.nodeSelector": {}}, []),
        changed(FULL, {"spec.latency[0]": {"milliseconds": 600000.0}}, []),
        changed(FULL, {"spec.costPerHour": "100000.000000000", "spec.capacityShare": "0.000000001"}, []),
        changed(FULL, {"spec.costPerHour": "0", "spec.capacityShare": "1.000"}, []),
        changed(FULL, {"spec.validUntil": "2030-01-31T12:00:00.123456+05:30"}, []),
        changed(FULL, {"spec.validUntil": "9999-12-31T23:59:59-23:59"}, []),
        changed(FULL, {"spec.validUntil": "1000-01-01T00:00:00+23:59"}, []),
        changed(FULL, {"metadata.name": "rack-1.plant-a.example.com"}, []),
    ],
)
def test_the_api_server_and_the_parser_read_a_manifest_alike(
    dry_run: DryRun, document: dict[str, Any]
) -> None:
    stored = parse_node_profile(dry_run.stored(document))
    assert stored.spec == parse_node_profile(document, strict=True).spec


def test_two_writers_may_each_keep_the_latency_of_a_client_site(kubectl: Kubectl, apply: Apply) -> None:
    base = changed(FULL, {}, ["spec.latency"])
    name = apply(base, "administrator")
    for site in ("plant-a", "plant-b"):
        latency = [{"clientSite": site, "milliseconds": len(site)}]
        apply({**base, "spec": {"nodeSelector": FULL["spec"]["nodeSelector"], "latency": latency}}, site)
    sites = [one["clientSite"] for one in kubectl.get("nprof", name)["spec"]["latency"]]
    assert sites == ["plant-a", "plant-b"]


def test_a_profile_that_is_spoilt_later_is_refused_too(kubectl: Kubectl, apply: Apply) -> None:
    name = apply(FULL)
    patch = ("patch", "nprof", name, "--type=merge", "--patch")
    facts = {"costPerHour": None, "billing": None, "latency": None, "capacityShare": None}
    assert "give at least one fact" in kubectl.refused(*patch, json.dumps({"spec": facts}))
    assert "taint a node" in kubectl.refused(*patch, '{"spec": {"capacityShare": "0"}}')


def test_columns_show_the_state(kubectl: Kubectl, apply: Apply) -> None:
    name = apply(FULL)
    effective = {
        "type": "Effective",
        "status": "False",
        "reason": "NoNodes",
        "message": "no node",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    status = json.dumps({"status": {"nodes": 0, "conditions": [effective]}})
    kubectl("patch", "nprof", name, "--subresource=status", "--type=merge", "--patch", status)
    table = kubectl("get", "nodeprofiles.fogline.dev", name)
    assert table.split()[:6] == ["NAME", "EFFECTIVE", "REASON", "NODES", "COST/H", "AGE"]
    assert table.splitlines()[1].split()[:5] == ["edge-boxes", "False", "NoNodes", "0", "0.05"]
    wide = kubectl("get", "fogline", "--output=wide")
    assert wide.splitlines()[0].split()[6:] == ["BILLING", "SHARE", "VALID", "UNTIL"]
    assert wide.splitlines()[1].split()[6:] == ["Share", "0.8", "2030-01-31T00:00:00Z"]


@pytest.mark.parametrize(
    ("field", "texts"),
    [
        ("spec.nodeSelector", ["Labels that a node must have", "{} stands for all nodes"]),
        ("spec.costPerHour", ["in US dollars per hour", "at most 100000", "Absent: the node label"]),
        ("spec.billing", ["Share: each replica pays the share", "else Node for cloud nodes"]),
        ("spec.latency.clientSite", ["Empty: clients in general", 'Default: "".']),
        ("spec.latency.milliseconds", ["in milliseconds"]),
        ("spec.capacityShare", ["above 0 and at most 1", "Absent: 1"]),
        ("spec.validUntil", ["from then on the profile is ignored", "Absent: never"]),
        ("status.nodes", ["Number of nodes that nodeSelector selects"]),
    ],
)
def test_explain_tells_the_unit_and_the_default_of_a_field(
    kubectl: Kubectl, field: str, texts: list[str]
) -> None:
    explained = " ".join(kubectl("explain", f"nprof.{field}").split())
    assert [text for text in texts if text not in explained] == []
