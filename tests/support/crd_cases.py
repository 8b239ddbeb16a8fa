"""Manifests of each kind: a full one, the smallest one, and the table of what spoils the full one."""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev import libyaml

KINDS = ("ModelDeployment", "NodeProfile", "ModelTraining")
CASES = Path(__file__).parent.parent / "cases" / "crd"


@dataclass(frozen=True, slots=True)
class BadInput:
    """A manifest that must be refused, and the field that the error must name."""

    kind: str
    name: str
    manifest: Mapping[str, Any]
    field: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


def full_manifest(kind: str = "ModelDeployment") -> dict[str, Any]:
    """Return a valid manifest in which every field is set."""
    document: dict[str, Any] = libyaml.load((CASES / kind.lower() / "full.yaml").read_text())
    return document


def valid_manifests(kind: str) -> tuple[dict[str, Any], ...]:
    """Return the full manifest, and others in which fields are set that it may not have."""
    file = CASES / kind.lower() / "alternatives.yaml"
    others = libyaml.load(file.read_text()) if file.exists() else ()
    full = full_manifest(kind)
    return (full, *(changed(full, case.get("set", {}), case.get("remove", [])) for case in others))


def smallest_manifest(kind: str = "ModelDeployment") -> dict[str, Any]:
    """Return a valid manifest in which no field is set that may be left out."""
    if kind == "NodeProfile":
        return {
            "apiVersion": "fogline.dev/v1alpha1",
            "kind": "NodeProfile",
            "metadata": {"name": "everywhere"},
            "spec": {"nodeSelector": {}, "latency": [{"milliseconds": 0}]},
        }
    if kind == "ModelTraining":
        data = {
            "uri": "s3://data/digits.csv",
            "features": {"name": "pixels", "shape": [64]},
            "label": {"field": "digit", "classes": 10},
        }
        places = {"workspace": {"uri": "s3://training/digits"}, "publish": {"uri": "s3://models/digits"}}
        return {
            "apiVersion": "fogline.dev/v1alpha1",
            "kind": "ModelTraining",
            "metadata": {"name": "digits"},
            "spec": {"data": data, **places},
        }
    artifact = {"uri": "s3://models/digits"}
    return {
        "apiVersion": "fogline.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": "digits"},
        "spec": {"variants": [{"name": "edge", "tier": "Edge", "runtime": "LiteRT", "artifact": artifact}]},
    }


def bad_inputs() -> tuple[BadInput, ...]:
    """Return the tables of bad inputs, of all kinds together."""
    full = {kind: full_manifest(kind) for kind in KINDS}
    return tuple(
        BadInput(
            kind,
            case["name"],
            changed(full[kind], case.get("set", {}), case.get("remove", [])),
            case["field"],
        )
        for kind in KINDS
        for case in libyaml.load((CASES / kind.lower() / "bad_inputs.yaml").read_text())
    )


def changed(document: Mapping[str, Any], values: Mapping[str, Any], removed: list[str]) -> dict[str, Any]:
    """Return a copy of a document with values set and removed at paths such as ``spec.variants[0].tier``."""
    result: dict[str, Any] = copy.deepcopy(dict(document))
    for path, value in values.items():
        holder, last = _find(result, path)
        holder[last] = value
    for path in removed:
        holder, last = _find(result, path)
        del holder[last]
    return result


def _find(document: Any, path: str) -> tuple[Any, str | int]:
    *parents, last = [int(index) if index else name for name, index in re.findall(r"(\w+)|\[(\d+)\]", path)]
    for step in parents:
        document = document[step]
    return document, last
