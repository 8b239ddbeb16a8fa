"""Install the operator, and manifests with an image of ours, into the kind cluster."""

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
    """Apply the CRDs and the operator, and wait until it is ready.

    Raises
    ------
    DevError
        The API server refuses something, or the operator does not get ready.
    """
    with step("Operator", advice=ADVICE) as installing:
        kubectl(installing, "apply", "--server-side", "--force-conflicts", "--filename", ROOT / "crds")
        apply_manifests(installing, MANIFESTS, engine, IMAGE)
        kubectl(
            installing,
            *("rollout", "status", "deployment/fogline-operator"),
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
