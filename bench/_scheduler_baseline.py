"""What users do without Fogline: Deployments with affinity and topology spread for kube-scheduler."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bench._scheduler_sites import Split
from fogline import names
from fogline.api import ModelDeployment, Tier
from fogline.config import Settings
from fogline.objects.budget import budget
from fogline.objects.deployment import deployment
from fogline.objects.service import services
from fogline.placement import demand_of
from fogline.snapshot import Node

CLIENT_SITE_LABEL = "bench/client-site"
MACHINE_LABEL = "node.kubernetes.io/instance-type"

_NEAR_WEIGHT, _CHEAP_WEIGHT = 100, 50
"""Nodes within the latency target first, cheap ones among them."""
_CHEAP_PART = 3
"""One machine type of so many counts as cheap."""


@dataclass(frozen=True, slots=True)
class Way:
    """How kube-scheduler is told what is wanted."""

    scheduler: str
    """Profile."""
    is_told_maxima: bool
    """Whether pods require a node within the latency maximum; the labels for that exist here."""


def cheap_machines(nodes: Iterable[Node]) -> dict[Tier, list[str]]:
    """Name the third of the machine types of each tier that costs least for each core."""
    prices: defaultdict[Tier, dict[str, Decimal]] = defaultdict(dict)
    for node in nodes:
        price = node.cost_per_hour / node.allocatable["cpu"]
        of_tier, machine = prices[node.tier], node.labels[MACHINE_LABEL]
        of_tier[machine] = min(price, of_tier.get(machine, price))
    return {
        tier: sorted(sorted(found, key=found.__getitem__)[: -(-len(found) // _CHEAP_PART)])
        for tier, found in prices.items()
    }


def by_hand(
    model: ModelDeployment, split: Split, cheap: Mapping[Tier, list[str]], way: Way, namespace: str
) -> Iterator[dict[str, Any]]:
    """Build what users write: one Deployment for each variant and client site, a Service and a budget."""
    for child in (*services(model), budget(model), *_deployments(model, split, cheap, way)):
        meta = {"namespace": namespace, "name": child["metadata"]["name"]}
        yield {**child, "metadata": {**meta, "labels": child["metadata"]["labels"]}}


def _deployments(
    model: ModelDeployment, split: Split, cheap: Mapping[Tier, list[str]], way: Way
) -> Iterator[dict[str, Any]]:
    """Build Deployments with pods that request what ours do."""
    variants = {variant.name: variant for variant in model.spec.variants}
    for (name, site), replicas in sorted(split.items()):
        variant = variants[name]
        document = deployment(model, variant, replicas, Settings())
        labels = {**document["spec"]["selector"]["matchLabels"], CLIENT_SITE_LABEL: site}
        template = document["spec"]["template"]
        pod = template["spec"]
        del pod["schedulingGates"]
        pod["schedulerName"] = way.scheduler
        pod["topologySpreadConstraints"] = _spread(model)
        affinity = pod["affinity"]["nodeAffinity"]
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = list(
            _preferences(model, site, cheap.get(variant.tier, []))
        )
        if way.is_told_maxima:
            _require_maximum(model, site, affinity)
        yield {
            **document,
            "metadata": {"name": f"{document['metadata']['name']}-{site}", "labels": labels},
            "spec": {
                **document["spec"],
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {
                        "labels": {**template["metadata"]["labels"], **labels},
                        "annotations": {names.CLIENT_SITE_ANNOTATION: site},
                    },
                    "spec": pod,
                },
            },
        }


def _preferences(model: ModelDeployment, site: str, cheap: list[str]) -> Iterator[dict[str, Any]]:
    target = demand_of(model).latency.target_milliseconds
    if target is not None:
        yield {"weight": _NEAR_WEIGHT, "preference": {"matchExpressions": [_within(site, target)]}}
    expression = {"key": MACHINE_LABEL, "operator": "In", "values": cheap}
    yield {"weight": _CHEAP_WEIGHT, "preference": {"matchExpressions": [expression]}}


def _require_maximum(model: ModelDeployment, site: str, affinity: dict[str, Any]) -> None:
    maximum = demand_of(model).latency.maximum_milliseconds
    if maximum is not None:
        required = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
        for term in required["nodeSelectorTerms"]:
            term["matchExpressions"].append(_within(site, maximum))


def _within(site: str, milliseconds: int) -> dict[str, Any]:
    key = f"{names.CLIENT_SITE_LATENCY_PREFIX}{site}"
    return {"key": key, "operator": "Lt", "values": [str(milliseconds + 1)]}


def _spread(model: ModelDeployment) -> list[dict[str, Any]]:
    """Say the same limits as the largest skew: while some node or zone has no replica, it is the limit."""
    demand = demand_of(model)
    limits = {"kubernetes.io/hostname": demand.max_per_node, names.ZONE_LABEL: demand.max_per_zone}
    return [
        {
            "topologyKey": key,
            "maxSkew": limit,
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {names.MODEL_LABEL: model.metadata.name}},
        }
        for key, limit in limits.items()
        if limit is not None
    ]
