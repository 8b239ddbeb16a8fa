"""Setting ``spec.suspend`` of a ModelDeployment."""

from collections.abc import Mapping
from typing import Any

from fogline.cli.cluster import ask
from fogline.cli.given import warn
from fogline.cli.options import Named, Where
from fogline.cli.output import write
from fogline.cli.writing import Operations, change_model, read_model
from fogline.cluster.client import Client
from fogline.cluster.documents import Document
from fogline.cluster.kinds import MODEL_DEPLOYMENTS

_KEEPERS: Mapping[str, str] = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "meta.helm.sh/release-name": "Helm",
}
"""Labels and annotations with which tools mark the objects that they keep as a source says (Argo CD: Resource
Tracking; Flux: Kustomization, HelmRelease; Helm: Labels and Annotations)."""


def set_suspend(where: Where, named: Named, *, suspend: bool, output: str) -> None:
    """Write it unless it says so already, and tell what was done."""

    def change(live: Document) -> Operations:
        if bool(live["spec"].get("suspend")) is suspend:
            return []
        return [{"op": "add", "path": "/spec/suspend", "value": suspend}]

    async def run(client: Client, namespace: str) -> tuple[Document, bool]:
        before = (await read_model(client, named, namespace))["metadata"]
        after = await change_model(client, before["namespace"], before["name"], change)
        return after, after["metadata"].get("generation") != before.get("generation")

    live, is_changed = ask(where, run)
    meta = live["metadata"]
    if is_changed and (keeper := keeper_of(meta)):
        warn(f"{keeper} keeps this object as its source says: write spec.suspend there, too")
    name = f"{meta['namespace']}/{meta['name']}"
    state = "suspended" if suspend else "resumed"
    line = f"{name} {state}" if is_changed else f"{name} was {state} already"
    document = {"model": name, "suspend": suspend, "changed": is_changed}
    write(output, document, [line], [MODEL_DEPLOYMENTS.reference(meta["name"])])


def keeper_of(metadata: Mapping[str, Any]) -> str | None:
    """Name the tool that keeps an object as its source says; None when none is known to."""
    marks = {**metadata.get("labels", {}), **metadata.get("annotations", {})}
    return next((keeper for mark, keeper in _KEEPERS.items() if mark in marks), None)
