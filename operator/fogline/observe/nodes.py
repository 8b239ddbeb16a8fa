"""A live Node as placement sees it."""

from collections.abc import Mapping
from decimal import Decimal

from fogline import names, snapshot
from fogline.api import Billing, DataSensitivity, Tier
from fogline.cluster import objects
from fogline.config import Settings
from fogline.errors import BadInputError
from fogline.units import parse_cost_per_hour, parse_milliseconds, resource_amounts

_REPELLING_EFFECTS = {"NoSchedule", "NoExecute"}


def to_node(node: objects.Node, settings: Settings) -> snapshot.Node:
    """Read the facts of a node from its labels and status.

    A label whose value cannot be read counts as absent, which never makes a node hold more than Public data.
    """
    labels = node.metadata.labels
    tier = tier_of(labels)
    return snapshot.Node(
        name=node.metadata.name,
        tier=tier,
        zone=labels.get(names.ZONE_LABEL, node.metadata.name),
        region=labels.get(settings.region_label),
        clearance=_clearance(labels),
        architecture=labels.get(names.ARCHITECTURE_LABEL, ""),
        labels=labels,
        taints=tuple(
            snapshot.Taint(taint.key, taint.value, taint.effect)
            for taint in node.spec.taints
            if taint.effect in _REPELLING_EFFECTS
        ),
        ready=any(c.type == "Ready" and c.status == "True" for c in node.status.conditions),
        cordoned=node.spec.unschedulable,
        cost_per_hour=_cost(labels),
        billing=_billing(labels, tier),
        latency_milliseconds=_milliseconds(labels.get(names.LATENCY_LABEL)),
        client_site_latency_milliseconds=_client_site_latencies(labels),
        allocatable=resource_amounts(node.status.allocatable),
        accelerator_type=labels.get(settings.accelerator_label),
    )


def tier_of(labels: Mapping[str, str]) -> Tier:
    """Tell the tier of a node: its tier label, else Edge if it has a mark of an edge node, else Cloud."""
    said = labels.get(names.TIER_LABEL)
    if said in list(Tier):
        return Tier(said)
    marked = any(key in labels and (value is None or labels[key] == value) for key, value in names.EDGE_MARKS)
    return Tier.EDGE if marked else Tier.CLOUD


def _clearance(labels: Mapping[str, str]) -> DataSensitivity:
    try:
        return DataSensitivity(labels.get(names.CLEARANCE_LABEL))
    except ValueError:
        return DataSensitivity.PUBLIC


def _cost(labels: Mapping[str, str]) -> Decimal:
    try:
        return parse_cost_per_hour(labels.get(names.COST_LABEL, "0"))
    except BadInputError:
        return Decimal(0)


def _billing(labels: Mapping[str, str], tier: Tier) -> Billing:
    try:
        return Billing(labels.get(names.BILLING_LABEL, ""))
    except ValueError:
        return Billing.NODE if tier is Tier.CLOUD else Billing.SHARE


def _milliseconds(text: str | None) -> int | None:
    try:
        return parse_milliseconds(text or "")
    except BadInputError:
        return None


def _client_site_latencies(labels: Mapping[str, str]) -> dict[str, int]:
    prefix = names.CLIENT_SITE_LATENCY_PREFIX
    found = {
        key.removeprefix(prefix): _milliseconds(value)
        for key, value in labels.items()
        if key.startswith(prefix)
    }
    return {site: milliseconds for site, milliseconds in found.items() if milliseconds is not None}
