"""Install the operator with its janitor, and manifests with an image of ours, into the kind cluster."""

from pathlib import Path

from dev import chart, libyaml
from dev.docker import ask
from dev.engine import Engine
from dev.kubectl import apply
from dev.steps import Step, step

IMAGE = "fogline.dev/operator:dev"

ADVICE = "look at `kubectl --namespace fogline-system describe pods` and `kubectl logs` there"


def install_operator(engine: Engine) -> None:
    """Install the chart, with the operator and the janitor, and wait until they are ready.

    Raises
    ------
    DevError
        The API server refuses something, or something does not get ready.
    """
    with step("Operator", advice=ADVICE) as installing:
        chart.install(installing, image_id(engine, IMAGE))


def apply_manifests(during: Step, manifests: Path, engine: Engine, image: str) -> None:
    """Apply a file of manifests whose Deployments run an image of ours.

    Raises
    ------
    DevError
        The API server refuses one of them.
    """
    annotations = {chart.IMAGE_ID: image_id(engine, image)}
    documents = list(libyaml.load_all(manifests.read_text()))
    for document in documents:
        if document["kind"] == "Deployment":
            document["spec"]["template"]["metadata"]["annotations"] = annotations
    apply(during, manifests.stem, documents)


def image_id(engine: Engine, image: str) -> str:
    """Return what tells the image under a fixed tag from the one before it."""
    return ask(engine, "image", "inspect", "--format", "{{.Id}}", image).strip()
