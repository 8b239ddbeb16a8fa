"""The CustomResourceDefinitions of the API, made from its types."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from msgspec import inspect

from fogline.api.fields import ApiObject
from fogline.api.modeldeployment import GROUP, KIND, PLURAL, VERSION, ModelDeployment
from fogline.api.modeltraining import MODEL_TRAINING_KIND, MODEL_TRAINING_PLURAL, ModelTraining
from fogline.api.nodeprofile import NODE_PROFILE_KIND, NODE_PROFILE_PLURAL, NodeProfile
from fogline.api.schema import Schema, schema_of

_Column = tuple[str, str, str]
"""Title, type and path of a column of ``kubectl get``."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of object, and how kubectl shows it."""

    type: type[ApiObject]
    scope: str
    """``Namespaced`` or ``Cluster``."""
    kind: str
    plural: str
    short_name: str
    columns: tuple[_Column, ...]
    wide_columns: tuple[_Column, ...]
    scale: Mapping[str, str] | None = None
    """Paths of the subresource ``scale``, if it has one."""
    selectable_fields: tuple[str, ...] = ()
    """Paths that a field selector may name."""

    @property
    def name(self) -> str:
        """Name of the CustomResourceDefinition."""
        return f"{self.plural}.{GROUP}"


_READY = '.status.conditions[?(@.type=="Ready")]'
_COMPLETE = '.status.conditions[?(@.type=="Complete")]'
_EFFECTIVE = '.status.conditions[?(@.type=="Effective")]'

MODEL_DEPLOYMENT = Resource(
    type=ModelDeployment,
    scope="Namespaced",
    kind=KIND,
    plural=PLURAL,
    short_name="mdep",
    columns=(
        ("Ready", "string", f"{_READY}.status"),
        ("Reason", "string", f"{_READY}.reason"),
        ("Replicas", "integer", ".spec.replicas"),
        ("Cloud", "integer", ".status.tiers.cloud.ready"),
        ("Edge", "integer", ".status.tiers.edge.ready"),
        ("URL", "string", ".status.url"),
        ("Age", "date", ".metadata.creationTimestamp"),
    ),
    wide_columns=(
        ("Sensitivity", "string", ".spec.placement.dataSensitivity"),
        ("Cost/h", "string", ".status.costPerHour"),
        ("Moves", "integer", ".status.moves.active"),
    ),
    scale=MappingProxyType(
        {
            "specReplicasPath": ".spec.replicas",
            "statusReplicasPath": ".status.replicas",
            "labelSelectorPath": ".status.selector",
        }
    ),
    selectable_fields=(".spec.placement.dataSensitivity", ".spec.rebalancing.mode"),
)
NODE_PROFILE = Resource(
    type=NodeProfile,
    scope="Cluster",
    kind=NODE_PROFILE_KIND,
    plural=NODE_PROFILE_PLURAL,
    short_name="nprof",
    columns=(
        ("Effective", "string", f"{_EFFECTIVE}.status"),
        ("Reason", "string", f"{_EFFECTIVE}.reason"),
        ("Nodes", "integer", ".status.nodes"),
        ("Cost/h", "string", ".spec.costPerHour"),
        ("Age", "date", ".metadata.creationTimestamp"),
    ),
    wide_columns=(
        ("Billing", "string", ".spec.billing"),
        ("Share", "string", ".spec.capacityShare"),
        ("Valid until", "string", ".spec.validUntil"),
    ),
)
MODEL_TRAINING = Resource(
    type=ModelTraining,
    scope="Namespaced",
    kind=MODEL_TRAINING_KIND,
    plural=MODEL_TRAINING_PLURAL,
    short_name="mtrain",
    columns=(
        ("Complete", "string", f"{_COMPLETE}.status"),
        ("Reason", "string", f"{_COMPLETE}.reason"),
        ("Epoch", "integer", ".status.progress.epoch"),
        ("Loss", "string", ".status.progress.loss"),
        ("Value", "string", ".status.evaluation.value"),
        ("Version", "integer", ".status.published.version"),
        ("Age", "date", ".metadata.creationTimestamp"),
    ),
    wide_columns=(
        ("Run", "integer", ".status.run.number"),
        ("Workers", "integer", ".spec.workers.count"),
        ("Samples/s", "string", ".status.progress.samplesPerSecond"),
        ("Sensitivity", "string", ".spec.placement.dataSensitivity"),
    ),
)
RESOURCES = (MODEL_DEPLOYMENT, NODE_PROFILE, MODEL_TRAINING)
"""Every kind."""


def custom_resource_definition(resource: Resource) -> dict[str, Any]:
    """Return the CustomResourceDefinition of a kind as a document."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": resource.name},
        "spec": {
            "group": GROUP,
            "scope": resource.scope,
            "names": {
                "kind": resource.kind,
                "listKind": f"{resource.kind}List",
                "plural": resource.plural,
                "singular": resource.kind.lower(),
                "shortNames": [resource.short_name],
                "categories": ["fogline"],
            },
            "versions": [_version(resource)],
        },
    }


def _version(resource: Resource) -> dict[str, Any]:
    selectable = [{"jsonPath": path} for path in resource.selectable_fields]
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}, **({"scale": dict(resource.scale)} if resource.scale else {})},
        **({"selectableFields": selectable} if selectable else {}),
        "additionalPrinterColumns": [
            *(_column(*column) for column in resource.columns),
            *(_column(*column) | {"priority": 1} for column in resource.wide_columns),
        ],
        "schema": {"openAPIV3Schema": _root(resource.type)},
    }


def _column(name: str, kind: str, path: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "jsonPath": path}


def _root(kind: type[ApiObject]) -> Schema:
    """Return the schema of the whole object; of its metadata a schema may restrict the name alone."""
    root = schema_of(inspect.type_info(kind))
    properties = root["properties"]
    name = properties["metadata"]["properties"]["name"]
    properties["apiVersion"] = {"type": "string"}
    properties["kind"] = {"type": "string"}
    properties["metadata"] = {"type": "object", "properties": {"name": name}}
    return {"description": " ".join((kind.__doc__ or "").split()), **root, "required": ["spec"]}
