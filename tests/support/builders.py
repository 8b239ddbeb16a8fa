"""Short ways to make values for tests: what a test does not name is a default that stands in nobody's way."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from fogline.api import Billing, DataSensitivity, ModelDeployment, Tier, parse
from fogline.names import ModelKey
from fogline.placement import Demand, demand_of
from fogline.snapshot import Node, Pod, ReplicaOf
from fogline.units import resource_amounts

_NODE = Node(
    name="node",
    tier=Tier.CLOUD,
    zone="zone",
    region="eu-west",
    clearance=DataSensitivity.RESTRICTED,
    architecture="amd64",
    labels={},
    taints=(),
    ready=True,
    cordoned=False,
    cost_per_hour=Decimal(1),
    billing=Billing.NODE,
    latency_milliseconds=40,
    client_site_latency_milliseconds={},
    allocatable=resource_amounts({"cpu": "4", "memory": "8Gi", "pods": "110"}),
)


def make_node(
    name: str, *, cost: str = "1", allocatable: Mapping[str, str] | None = None, **fields: Any
) -> Node:
    """Make a Ready cloud node of four cores that may hold everything; its zone is its own.

    Parameters
    ----------
    cost
        US dollars per hour.
    allocatable
        Quantities; those not given stay at 4 cores, 8Gi and 110 pods.
    fields
        Any other field of `Node`.
    """
    room = {**_NODE.allocatable, **resource_amounts(allocatable or {})}
    values = {"zone": f"zone-of-{name}", **fields}
    return replace(_NODE, name=name, cost_per_hour=Decimal(cost), allocatable=room, **values)


def make_edge_node(name: str, **fields: Any) -> Node:
    """Make a small edge node that is paid by the share used and 5 ms away from clients."""
    defaults = {"tier": Tier.EDGE, "billing": Billing.SHARE, "latency_milliseconds": 5}
    return make_node(name, **{**defaults, **fields})


def make_variant(name: str, tier: str, *, requests: Mapping[str, str] | None = None, **fields: Any) -> Any:
    """Make the document of a variant that requests one core and 1Gi; of accelerators it makes limits too."""
    room = requests or {"cpu": "1", "memory": "1Gi"}
    devices = {resource: amount for resource, amount in room.items() if "/" in resource}
    return {
        "name": name,
        "tier": tier,
        "runtime": "TensorFlowServing" if tier == "Cloud" else "LiteRT",
        "artifact": {"uri": "s3://models/digits/1"},
        "resources": {"requests": room, **({"limits": devices} if devices else {})},
        **fields,
    }


def make_model(
    name: str = "digits", *, namespace: str = "default", variants: Any = None, **spec: Any
) -> ModelDeployment:
    """Make a ModelDeployment with a cloud and an edge variant.

    Parameters
    ----------
    spec
        Fields of the spec as a user writes them, in camelCase.
    """
    both = [make_variant("cloud", "Cloud"), make_variant("edge", "Edge")]
    return parse(
        {
            "apiVersion": "fogline.dev/v1alpha1",
            "kind": "ModelDeployment",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"variants": both if variants is None else variants, **spec},
        },
        strict=True,
    )


def make_demand(name: str = "digits", **spec: Any) -> Demand:
    """Make the demand of `make_model` with the same arguments."""
    return demand_of(make_model(name, **spec))


def make_pod(
    name: str, node: str, *, model: str | None = None, variant: str = "cloud", site: str | None = None
) -> Pod:
    """Make a pod of one core and 1Gi; with a model it is a replica of it."""
    return Pod(
        namespace="default",
        name=name,
        node=node,
        requests=resource_amounts({"cpu": "1", "memory": "1Gi", "pods": 1}),
        replica=None if model is None else ReplicaOf(ModelKey("default", model), variant, site),
    )
