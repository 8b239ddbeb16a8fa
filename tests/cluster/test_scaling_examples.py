"""The examples of scaling: KEDA's own definitions take the one, and the scale subresource serves both."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from dev import libyaml
from dev.gomodule import keda_crds
from dev.paths import ROOT
from tests.support.kubectl import Kubectl

FOLDER = ROOT / "examples" / "scaling"
SCALED_OBJECTS = "scaledobjects.keda.sh"


@pytest.fixture(scope="module")
def keda(kubectl: Kubectl) -> None:
    """Define the kind as KEDA does."""
    kubectl("apply", "--server-side", f"--filename={keda_crds() / 'keda.sh_scaledobjects.yaml'}")
    kubectl("wait", "--for=condition=Established", "--timeout=120s", f"crd/{SCALED_OBJECTS}")


def example(name: str) -> dict[str, Any]:
    return dict(libyaml.load((FOLDER / name).read_text()))


@pytest.mark.usefixtures("keda")
def test_keda_takes_its_example_to_the_letter(kubectl: Kubectl) -> None:
    answer = kubectl(
        "create",
        "--dry-run=server",
        "--validate=strict",
        f"--filename={FOLDER / 'keda.yaml'}",
        "--output=name",
    )
    assert answer.strip() == "scaledobject.keda.sh/digits"


@pytest.mark.usefixtures("keda")
def test_keda_would_refuse_a_field_that_is_misspelt(kubectl: Kubectl, tmp_path: Path) -> None:
    manifest = example("keda.yaml")
    manifest["spec"]["coolDownPeriod"] = manifest["spec"].pop("cooldownPeriod")
    file = tmp_path / "keda.yaml"
    file.write_text(yaml.safe_dump(manifest))
    refusal = kubectl.refused("create", "--dry-run=server", "--validate=strict", f"--filename={file}")
    assert "coolDownPeriod" in refusal


@pytest.mark.parametrize("name", ["hpa.yaml", "keda.yaml"])
def test_what_they_scale_is_a_model_and_has_the_subresource(name: str, kubectl: Kubectl) -> None:
    target = example(name)["spec"]["scaleTargetRef"]
    served = json.loads(kubectl("get", "--raw", f"/apis/{target['apiVersion']}"))["resources"]
    (scale,) = (one for one in served if one["name"] == "modeldeployments/scale")
    assert (target["kind"], target["name"]) == ("ModelDeployment", "digits")
    assert {"get", "update", "patch"} <= set(scale["verbs"])
