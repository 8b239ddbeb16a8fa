"""Whether nodes, profiles, models, trainings and pods are as they should be. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from fogline.api import ConditionStatus, ModelDeployment, Tier
from fogline.cli.checkup.facts import Models, Nodes
from fogline.cli.checkup.findings import Problem, error, several, warning
from fogline.cli.labels import unusable_labels
from fogline.cluster.documents import Document
from fogline.conditions import ConditionType, Reason, TrainingConditionType
from fogline.config import JanitorSettings
from fogline.names import CLEARANCE_LABEL, GATE, MODEL_LABEL, REGION_LABEL, TIER_LABEL
from fogline.observe import model_key, standings
from fogline.snapshot import Node

_GATE_SECONDS = JanitorSettings().gate_timeout_seconds


def labels(found: Nodes, known: Models) -> Iterator[Problem | str]:
    """Check what nodes say of themselves."""
    tiers = Counter(node.tier for node in found.nodes)
    yield f"{len(found.nodes)} nodes: " + ", ".join(f"{tiers[tier]} {tier.value}" for tier in Tier)
    for complaint in unusable_labels(found.nodes):
        yield error(complaint, "correct the label: kubectl label node NAME KEY=VALUE --overwrite")
    if claimed := [one.name for one in found.nodes if "fogline.dev/clearance" in one.labels]:
        yield error(
            f"label fogline.dev/clearance on {several(claimed)} clears for nothing: nodes may set it",
            f"use {CLEARANCE_LABEL}",
        )
    ours = [one for one in found.nodes if not one.repelling_taints]
    yield from _unsaid(ours, known.readable)
    yield from _doubtful(ours)


def _unsaid(nodes: Sequence[Node], models: Sequence[ModelDeployment]) -> Iterator[Problem]:
    """Tell of facts that nodes lack and models ask for. Nodes that no pod of a model tolerates need none."""
    placements = [model.spec.placement for model in models]
    nowhere = [one.name for one in nodes if one.region is None]
    if nowhere and any(one.allowed_regions for one in placements):
        yield warning(
            f"{several(nowhere)} without a region cannot hold models with allowedRegions",
            f"label them: {REGION_LABEL}, or what FOGLINE_REGION_LABEL of the operator names",
        )
    far = [one.name for one in nodes if _is_far(one)]
    if far and any(one.latency and one.latency.max_milliseconds is not None for one in placements):
        yield warning(
            f"{several(far)} of unknown latency cannot hold models with maxMilliseconds",
            "give the latency by a NodeProfile or a label",
        )
    free = [one.name for one in nodes if not one.cost_per_hour]
    if free and len(free) < len(nodes):
        yield warning(
            f"{several(free)} cost nothing as far as Fogline knows, while others do: models go there first",
            "give the price: fogline profile nodes writes NodeProfiles to fill in",
        )


def _doubtful(nodes: Sequence[Node]) -> Iterator[Problem]:
    """Tell of nodes that count as cloud nodes because nothing is said, where other cloud nodes say so."""
    clouds = [one for one in nodes if one.tier is Tier.CLOUD]
    silent = [one.name for one in clouds if TIER_LABEL not in one.labels]
    if silent and len(silent) < len(clouds):
        yield warning(
            f"{several(silent)} count as Cloud without the label {TIER_LABEL}, while other nodes have it",
            f"say which tier is meant: kubectl label node NAME {TIER_LABEL}=Cloud (or Edge)",
        )


def _is_far(node: Node) -> bool:
    return node.latency_milliseconds is None and not node.client_site_latency_milliseconds


def profiles(found: Nodes, now: datetime) -> Iterator[Problem | str]:
    """Check that NodeProfiles count."""
    yield f"{len(found.profiles)} NodeProfiles"
    for name, wrong in found.unreadable_profiles.items():
        yield error(f"{name} is ignored: {wrong}", "correct the field")
    nodes = ((node.name, node.labels) for node in found.nodes)
    for standing in standings(found.profiles, nodes, now):
        reason, message = standing.verdict
        if reason is not Reason.IN_EFFECT:
            yield warning(
                f"{standing.profile.name}: {reason}: {message}", "what to do: docs, Conditions and reasons"
            )


def models(found: Models) -> Iterator[Problem | str]:
    """Check that models can be read and serve."""
    yield f"{len(found.readable)} ModelDeployments"
    for name, wrong in found.unreadable.items():
        yield error(f"{name} is left alone: {wrong}", "correct the field")
    waits = []
    for model in found.readable:
        conditions = model.status.conditions if model.status else ()
        if mistake := next((one for one in conditions if one.reason == Reason.INTERNAL_ERROR), None):
            yield error(f"{model_key(model)}: {mistake.message}", "report it with the log of the operator")
        ready = next((one for one in conditions if one.type == ConditionType.READY), None)
        if ready is None or ready.status is not ConditionStatus.TRUE:
            waits.append(f"{model_key(model)} ({ready.reason if ready else 'no operator has seen it'})")
    if waits:
        yield warning(f"not Ready: {several(waits)}", "fogline explain MODEL says why")


def trainings(found: Sequence[Document]) -> Iterator[Problem | str]:
    """Check that trainings have what their workers are made with."""
    yield f"{len(found)} ModelTrainings"
    held: dict[str, list[str]] = {}
    for one in found:
        meta, conditions = one["metadata"], one.get("status", {}).get("conditions", ())
        for said in conditions:
            if (said["type"], said["reason"]) == (TrainingConditionType.COMPLETE, Reason.ENGINE_MISSING):
                held.setdefault(said["message"], []).append(f"{meta['namespace']}/{meta['name']}")
    for why, names in held.items():
        yield error(f"{several(names)} cannot begin: {why}", "do so, and then their runs go on by themselves")


def waiting(pods: Sequence[Document], now: datetime) -> Iterator[Problem | str]:
    """Check that no pod waits for a decision for long."""
    stuck: Counter[str] = Counter()
    for pod in pods:
        meta = pod["metadata"]
        gates = [gate["name"] for gate in pod["spec"].get("schedulingGates", ())]
        age = now - datetime.fromisoformat(meta["creationTimestamp"])
        if GATE in gates and age.total_seconds() > _GATE_SECONDS:
            stuck[f"{meta['namespace']}/{meta['labels'][MODEL_LABEL]}"] += 1
    yield f"no pod waits for a decision for more than {_GATE_SECONDS} s"
    if stuck:
        yield warning(
            f"{stuck.total()} pods have waited for a decision for more than {_GATE_SECONDS} s: "
            f"{several(sorted(stuck))}",
            "fogline explain MODEL says what they wait for",
        )
