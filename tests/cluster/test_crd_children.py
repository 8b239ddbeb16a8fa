"""What the API server takes as a ModelDeployment it takes as the Deployment of its variant, and no more."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.crd_cases import changed, smallest_manifest
from tests.support.dry_run import DryRun

from fogline.api import parse
from fogline.config import Settings
from fogline.errors import BadInputError
from fogline.objects import deployment

LONG = "a" * 63
DOMAIN = "d" * 60
GPU, PAGES = "nvidia.com/gpu", "hugepages-2Mi"

TAKEN: tuple[Mapping[str, Any], ...] = (
    {"requests": {"cpu": "1500m", "memory": "1.5Gi", "ephemeral-storage": 1}, "limits": {"cpu": "1.5"}},
    {"requests": {"memory": "100m"}},
    {"limits": {GPU: 2}},
    {"requests": {GPU: "1k"}, "limits": {GPU: 1000}},
    {"requests": {GPU: 2}, "limits": {GPU: "2000m"}},
    {"limits": {f"{DOMAIN}.{DOMAIN}.{DOMAIN}.{DOMAIN}/{LONG}": 1}},
    {"requests": {"example.kubernetes.io/dongle": "1.5"}},
    {"requests": {"cpu": 1}, "limits": {PAGES: "4Mi", "hugepages-1Gi": "1Gi"}},
    {"limits": {"cpu": 1, PAGES: "0.5Gi"}},
    {"limits": {"memory": "1Gi", PAGES: 0}},
)
REFUSED: tuple[Mapping[str, Any], ...] = (
    {"requests": {"gpu": 1}},
    {"limits": {"pods": 1}},
    {"requests": {"storage": "1Gi"}},
    {"requests": {"cpu": 2}, "limits": {"cpu": "1999m"}},
    {"requests": {GPU: 1}},
    {"requests": {GPU: 1}, "limits": {GPU: 2}},
    {"limits": {GPU: "1500m"}},
    {"limits": {"requests.nvidia.com/gpu": 1}},
    {"limits": {"Nvidia.com/gpu": 1}},
    {"limits": {f"nvidia.com/a{LONG}": 1}},
    {"limits": {f"{DOMAIN}.{DOMAIN}.{DOMAIN}.{DOMAIN}.a/gpu": 1}},
    {"requests": {"cpu": 1, PAGES: "4Mi"}},
    {"limits": {PAGES: "4Mi"}},
    {"limits": {"cpu": 1, PAGES: "3Mi"}},
    {"limits": {"cpu": 1, "hugepages-big": "4Mi"}},
    {"limits": {"cpu": 1, "hugepages-2Mi.example.com/gpu": 1}},
)


def with_resources(resources: Mapping[str, Any]) -> dict[str, Any]:
    return changed(smallest_manifest(), {"spec.variants[0].resources": resources}, [])


def child_with(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Make the Deployment that the operator would make, had it not been refused."""
    model = parse(smallest_manifest() | {"metadata": {"name": "digits", "uid": "1", "namespace": "default"}})
    child = deployment(model, model.spec.variants[0], 1, Settings())
    return changed(child, {"spec.template.spec.containers[0].resources": resources}, [])


@pytest.mark.parametrize("resources", TAKEN, ids=str)
def test_resources_that_a_deployment_may_ask_for_are_taken(
    dry_run: DryRun, resources: Mapping[str, Any]
) -> None:
    dry_run.stored(child_with(resources))
    dry_run.stored(with_resources(resources))
    parse(with_resources(resources), strict=True)


@pytest.mark.parametrize("resources", REFUSED, ids=str)
def test_resources_that_a_deployment_must_not_ask_for_are_refused(
    dry_run: DryRun, resources: Mapping[str, Any]
) -> None:
    dry_run.refusal(child_with(resources))
    answer = dry_run.refusal(with_resources(resources))
    assert "spec.variants[0].resources" in answer
    with pytest.raises(BadInputError, match=r"spec.variants\[0\].resources"):
        parse(with_resources(resources), strict=True)
