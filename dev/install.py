"""Install the operator with its janitor, and manifests with an image of ours, into the kind cluster."""

from pathlib import Path

import yaml

from dev.docker import ask
from dev.engine import Engine
from dev.kubectl import apply, kubectl
from dev.paths import ROOT
from dev.steps import Step, step

MANIFESTS = ROOT / "dev" / "manifests" / "operator.yaml"
IMAGE = "fogline.dev/operator:dev"
IMAGE_ID = "fogline.dev/image-id"
"""Annotation of pods whose image has a fixed tag: a new image changes it, and so rolls out."""

ADVICE = "look at `kubectl --namespace fogline-system describe pods` and `kubectl logs` there"


def install_operator(engine: Engine) -> None:
    """Apply the CRDs, the operator and the janitor, and wait until they are ready.

    Raises
    ------
    DevError
        The API server refuses something, or something does not get ready.
    """
    with step("Operator", advice=ADVICE) as installing:
        kubectl(installing, "apply", "--server-side", "--force-conflicts", "--filename", ROOT / "crds")
        apply_manifests(installing, MANIFESTS, engine, IMAGE)
        for name in ("fogline-operator", "fogline-janitor"):
            kubectl(
                installing,
                *("rollout", "status", f"deployment/{name}"),
                *("--namespace", "fogline-system", "--timeout", "120s"),
            )


def apply_manifests(during: Step, manifests: Path, engine: Engine, image: str) -> None:
    """Apply a file of manifests whose Deployments run an image of ours.

    Raises
    ------
    DevError
        The API server refuses one of them.
    """
    image_id = ask(engine, "image", "inspect", "--format", "{{.Id}}", image).strip()
    documents = list(yaml.safe_load_all(manifests.read_text()))
    for document in documents:
        if document["kind"] == "Deployment":
            document["spec"]["template"]["metadata"]["annotations"] = {IMAGE_ID: image_id}
    apply(during, manifests.stem, documents)
