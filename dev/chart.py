"""The Helm chart: where it lies, under which names it is installed here, and how."""

import json
from pathlib import Path

from dev.kubectl import apply
from dev.paths import KIND_KUBECONFIG, ROOT
from dev.programs import released_or_built
from dev.steps import Step

CHART = ROOT / "charts" / "fogline"
RELEASE = "fogline"
NAMESPACE = "fogline-system"
VALUES = ROOT / "dev" / "manifests" / "values.yaml"
"""Values for the kind cluster."""

IMAGE_ID = "fogline.dev/image-id"
"""Annotation of pods whose image has a fixed tag: a new image changes it, and so rolls out."""

LIMIT_SECONDS = 180


def helm(during: Step, *arguments: str | Path, limit_seconds: float = LIMIT_SECONDS) -> str:
    """Run helm on the kind cluster as a part of a step, and return what it prints.

    Raises
    ------
    DevError
        It fails, or has not ended after `limit_seconds`.
    """
    command = [
        *(released_or_built("helm"), "--kubeconfig", KIND_KUBECONFIG, "--namespace", NAMESPACE),
        *arguments,
    ]
    return during.run(command, limit_seconds=limit_seconds)


def install(during: Step, image_id: str, *arguments: str, chart: Path = CHART, values: Path = VALUES) -> None:
    """Install or upgrade the chart with the images that were built here, and wait until all is ready.

    Parameters
    ----------
    image_id
        Of the operator's image.
    arguments
        More of ``helm upgrade``.

    Raises
    ------
    DevError
        Helm or the API server refuses something, or something does not get ready.
    """
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    }
    apply(during, NAMESPACE, [namespace])
    if RELEASE in helm(during, "list", "--pending", "--uninstalling", "--short").split():
        helm(during, "uninstall", RELEASE, "--no-hooks", "--wait")  # a run was killed: helm would wait for it
    helm(
        during,
        *("upgrade", "--install", RELEASE, chart, "--values", values),
        *("--set-json", f"podAnnotations={json.dumps({IMAGE_ID: image_id})}"),
        *("--wait", "--timeout", "150s", *arguments),
    )
