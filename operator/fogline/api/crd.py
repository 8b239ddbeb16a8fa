"""The CustomResourceDefinition of ModelDeployment, made from the types of the API."""

from typing import Any

from msgspec import inspect

from fogline.api.modeldeployment import GROUP, KIND, PLURAL, VERSION, ModelDeployment
from fogline.api.schema import Schema, schema_of

_READY = '.status.conditions[?(@.type=="Ready")]'
_COLUMNS = (
    ("Ready", "string", f"{_READY}.status"),
    ("Reason", "string", f"{_READY}.reason"),
    ("Replicas", "integer", ".spec.replicas"),
    ("Cloud", "integer", ".status.tiers.cloud.ready"),
    ("Edge", "integer", ".status.tiers.edge.ready"),
    ("URL", "string", ".status.url"),
    ("Age", "date", ".metadata.creationTimestamp"),
)
_WIDE_COLUMNS = (
    ("Sensitivity", "string", ".spec.placement.dataSensitivity"),
    ("Cost/h", "string", ".status.costPerHour"),
    ("Moves", "integer", ".status.moves.active"),
)


def custom_resource_definition() -> dict[str, Any]:
    """Return the CustomResourceDefinition as a document."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["mdep"],
                "categories": ["fogline"],
            },
            "versions": [_version()],
        },
    }


def _version() -> dict[str, Any]:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
        "selectableFields": [
            {"jsonPath": ".spec.placement.dataSensitivity"},
            {"jsonPath": ".spec.rebalancing.mode"},
        ],
        "additionalPrinterColumns": [
            *(_column(*column) for column in _COLUMNS),
            *(_column(*column) | {"priority": 1} for column in _WIDE_COLUMNS),
        ],
        "schema": {"openAPIV3Schema": _root()},
    }


def _column(name: str, kind: str, path: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "jsonPath": path}


def _root() -> Schema:
    """Return the schema of the whole object; of its metadata a schema may restrict the name alone."""
    root = schema_of(inspect.type_info(ModelDeployment))
    properties = root["properties"]
    name = properties["metadata"]["properties"]["name"]
    properties["apiVersion"] = {"type": "string"}
    properties["kind"] = {"type": "string"}
    properties["metadata"] = {"type": "object", "properties": {"name": name}}
    return {"description": ModelDeployment.__doc__, **root, "required": ["spec"]}
