"""A live Node as placement sees it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from fogline import names, snapshot
from fogline.api import Billing, DataSensitivity, Tier
from fogline.cluster import objects
from fogline.config import Settings
from fogline.observe.facts import ANYWHERE, facts_of_labels, first_said
from fogline.observe.profiles import Profile
from fogline.units import resource_amounts

_FREE, _WHOLE = Decimal(0), Decimal(1)
_REPELLING_EFFECTS = {"NoSchedule", "NoExecute"}


def to_node(node: objects.Node, settings: Settings, profiles: Iterable[Profile] = ()) -> snapshot.Node:
    """Read the facts of a node from profiles, from its labels and from its status.

    A label whose value cannot be read counts as absent, which never makes a node hold more than Public data.

    Parameters
    ----------
    profiles
        Those that select the node, the one that counts first.
    """
    labels = node.metadata.labels
    tier = tier_of(labels)
    facts = first_said([*(profile.facts for profile in profiles), facts_of_labels(labels)])
    latencies = dict(facts.latency_milliseconds)
    readiness = next((one for one in node.status.conditions if one.type == "Ready"), None)
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
        ready=readiness is not None and readiness.status == "True",
        cordoned=node.spec.unschedulable,
        cost_per_hour=_FREE if facts.cost_per_hour is None else facts.cost_per_hour,
        billing=facts.billing or (Billing.NODE if tier is Tier.CLOUD else Billing.SHARE),
        latency_milliseconds=latencies.pop(ANYWHERE, None),
        client_site_latency_milliseconds=latencies,
        allocatable=resource_amounts(node.status.allocatable),
        capacity_share=facts.capacity_share or _WHOLE,
        accelerator_type=labels.get(settings.accelerator_label),
        cordoned_since=_cordoned_since(node),
        readiness_since=readiness.last_transition_time if readiness else None,
    )


def tier_of(labels: Mapping[str, str]) -> Tier:
    """Tell the tier of a node: its tier label, else Edge if it has a mark of an edge node, else Cloud."""
    said = labels.get(names.TIER_LABEL)
    if said in list(Tier):
        return Tier(said)
    marked = any(key in labels and (value is None or labels[key] == value) for key, value in names.EDGE_MARKS)
    return Tier.EDGE if marked else Tier.CLOUD


def _cordoned_since(node: objects.Node) -> datetime | None:
    """Read when the node controller saw that the node is cordoned: it repeats that as a taint."""
    times = (taint.time_added for taint in node.spec.taints if taint.key == snapshot.CORDONED)
    return next(times, None) if node.spec.unschedulable else None


def _clearance(labels: Mapping[str, str]) -> DataSensitivity:
    try:
        return DataSensitivity(labels.get(names.CLEARANCE_LABEL))
    except ValueError:
        return DataSensitivity.PUBLIC
