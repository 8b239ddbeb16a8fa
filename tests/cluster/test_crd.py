"""The real API server holds the CRD to its word, and kubectl shows what it should."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.crd_cases import BadInput, bad_inputs, changed, full_manifest, smallest_manifest
from tests.support.dry_run import DryRun
from tests.support.kubectl import Kubectl

from fogline.api import parse

TRY = ("create", "--dry-run=server", "--output=json", "--filename=-")
Make = Callable[[dict[str, Any]], str]


@pytest.fixture
def make(kubectl: Kubectl) -> Iterator[Make]:
    """Create a ModelDeployment and return its name; all are deleted afterwards."""
    made: list[str] = []

    def create(manifest: dict[str, Any]) -> str:
        name: str = manifest["metadata"]["name"]
        kubectl("create", "--filename=-", manifest=manifest)
        made.append(name)
        return name

    yield create
    for name in made:
        kubectl("delete", "mdep", name)


def write_status(kubectl: Kubectl, name: str, status: str) -> None:
    kubectl(
        "patch", "mdep", name, "--subresource=status", "--type=merge", "--patch", f'{{"status": {status}}}'
    )


def row(table: str) -> list[str]:
    """Return the cells of the one object of a table of kubectl."""
    header, line = table.splitlines()
    starts = [match.start() for match in re.finditer(r"\S+", header)]
    ends = [*starts[1:], None]
    return [line[start:end].strip() for start, end in zip(starts, ends, strict=True)]


@pytest.mark.parametrize("bad", bad_inputs(), ids=str)
def test_bad_input_is_refused_and_its_field_is_named(dry_run: DryRun, bad: BadInput) -> None:
    answer = dry_run.refusal(bad.manifest)
    assert re.search(rf'[ "\[]{re.escape(bad.field)}[.:"]', answer), answer


def test_a_manifest_with_every_field_is_stored_as_it_was_written(kubectl: Kubectl, make: Make) -> None:
    stored = kubectl.get("mdep", make(full_manifest()))
    assert stored["spec"] == full_manifest()["spec"]


def test_the_smallest_manifest_gets_the_defaults_of_the_types_at_all_depths(
    kubectl: Kubectl, make: Make
) -> None:
    stored = kubectl.get("mdep", make(smallest_manifest()))
    assert stored["spec"] == smallest_manifest()["spec"] | {
        "replicas": 1,
        "suspend": False,
        "placement": {
            "dataSensitivity": "Public",
            "nodeSelector": {},
            "objective": "Balanced",
            "cloud": {"minReplicas": 0},
            "edge": {"minReplicas": 0},
            "priority": 0,
            "onNoFit": "ScheduleWithoutPin",
        },
        "rebalancing": {
            "mode": "Automatic",
            "strategy": "Surge",
            "minSavingPercent": 15,
            "cooldownSeconds": 600,
            "readyTimeoutSeconds": 600,
        },
        "disruption": {"maxUnavailable": 0, "onEdgeUnreachable": "KeepRunning", "replaceAfterSeconds": 300},
        "rollout": {"canaryPercent": 0, "promoteAfterSeconds": 300, "minRequests": 20, "edge": {}},
        "service": {"perTier": False},
    }
    assert parse(stored).spec == parse(smallest_manifest()).spec


@pytest.mark.parametrize(
    "document",
    [
        changed(full_manifest(), {"spec.placement": None, "spec.rebalancing": None, "spec.model": None}, []),
        changed(full_manifest(), {"spec.disruption": {"maxUnavailable": None}, "spec.replicas": None}, []),
        changed(full_manifest(), {"spec.placement.nodeSelector": {"gone": None, "disk": "ssd"}}, []),
        changed(full_manifest(), {"spec.replicas": 3.0, "spec.disruption.maxUnavailable": 0}, []),
        changed(full_manifest(), {"spec.placement.clients": [{"site": "plant-a"}]}, []),
        changed(
            full_manifest(), {"spec.variants[0].resources": {"requests": {"cpu": ".5", "memory": 2e3}}}, []
        ),
        changed(full_manifest(), {"spec.variants[0].artifact.uri": "https://example.com/a@b?c=d#e"}, []),
    ],
)
def test_the_api_server_and_the_parser_read_a_manifest_alike(
    kubectl: Kubectl, document: dict[str, Any]
) -> None:
    stored = kubectl(*TRY, manifest=document)
    assert parse(json.loads(stored)).spec == parse(document, strict=True).spec


def test_columns_show_the_state(kubectl: Kubectl, make: Make) -> None:
    name = make(full_manifest())
    ready = """{"type": "Ready", "status": "False", "reason": "ReplicasNotReady", "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z"}"""
    write_status(
        kubectl,
        name,
        f'{{"url": "http://digits.default.svc:8501", "costPerHour": "0.75", "moves": {{"active": 1}},'
        f' "tiers": {{"cloud": {{"ready": 1}}, "edge": {{"ready": 2}}}}, "conditions": [{ready}]}}',
    )
    table = kubectl("get", "mdep", name)
    assert table.split()[:8] == ["NAME", "READY", "REASON", "REPLICAS", "CLOUD", "EDGE", "URL", "AGE"]
    assert row(table)[:7] == [
        "digits",
        "False",
        "ReplicasNotReady",
        "3",
        "1",
        "2",
        "http://digits.default.svc:8501",
    ]
    wide = kubectl("get", "fogline", "--output=wide")
    assert wide.split()[8:11] == ["SENSITIVITY", "COST/H", "MOVES"]
    assert row(wide)[8:] == ["Internal", "0.75", "1"]


def test_explain_tells_the_unit_and_the_default_of_a_field(kubectl: Kubectl) -> None:
    explained = " ".join(kubectl("explain", "mdep.spec.rebalancing.cooldownSeconds").split())
    assert "in seconds" in explained
    assert "Default: 600." in explained


def test_scale_works_before_any_status_was_written(kubectl: Kubectl, make: Make) -> None:
    name = make(smallest_manifest())
    kubectl("scale", "mdep", name, "--replicas=4")
    assert kubectl.get("mdep", name)["spec"]["replicas"] == 4


def test_scale_is_refused_above_the_bound(kubectl: Kubectl, make: Make) -> None:
    name = make(smallest_manifest())
    assert "spec.replicas" in kubectl.refused("scale", "mdep", name, "--replicas=1001")


def test_scale_reads_replicas_and_selector_of_the_status(kubectl: Kubectl, make: Make) -> None:
    name = make(smallest_manifest())
    write_status(kubectl, name, '{"replicas": 2, "selector": "fogline.dev/model=digits"}')
    scale = kubectl.get("mdep", name, "--subresource=scale")
    assert scale["status"] == {"replicas": 2, "selector": "fogline.dev/model=digits"}


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ({"name": "digits"}, {"name": "letters"}, "spec.model.name"),
        (None, {"name": "digits"}, "spec.model"),
        ({"name": "digits"}, None, "spec.model"),
    ],
    ids=["changed", "added", "removed"],
)
def test_the_model_name_cannot_be(kubectl: Kubectl, make: Make, before: Any, after: Any, field: str) -> None:
    make(changed(smallest_manifest(), {"spec.model": before}, []))
    later = changed(smallest_manifest(), {"spec.model": after}, [])
    answer = kubectl.refused("replace", "--filename=-", manifest=later)
    assert f"{field}: " in answer
    assert "is immutable" in answer


def test_everything_else_can_be_changed(kubectl: Kubectl, make: Make) -> None:
    name = make(changed(full_manifest(), {}, ["spec.model"]))
    kubectl("replace", "--filename=-", manifest=smallest_manifest())
    assert kubectl.get("mdep", name)["spec"]["variants"] == smallest_manifest()["spec"]["variants"]


def test_a_bad_status_is_refused_too(kubectl: Kubectl, make: Make) -> None:
    name = make(smallest_manifest())
    patch = ("patch", "mdep", name, "--subresource=status", "--type=merge", "--patch")
    assert "status.costPerHour" in kubectl.refused(*patch, '{"status": {"costPerHour": "cheap"}}')
    assert "status.conditions[0].message" in kubectl.refused(
        *patch, '{"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Up"}]}}'
    )


def test_objects_are_found_by_data_sensitivity(kubectl: Kubectl, make: Make) -> None:
    make(full_manifest())
    found = kubectl(
        "get", "mdep", "--field-selector=spec.placement.dataSensitivity=Internal", "--output=name"
    )
    assert found.split() == ["modeldeployment.fogline.dev/digits"]
    other = kubectl("get", "mdep", "--field-selector=spec.placement.dataSensitivity=Public", "--output=name")
    assert other == ""
