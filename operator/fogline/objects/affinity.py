"""Required node affinity: what must hold even when the operator is down.

Terms are alternatives, expressions inside a term must all hold (Kubernetes, NodeSelector), so every
requirement stands in every term. No term names a node: the pin comes later.
"""

from collections.abc import Sequence

from fogline.api import DataSensitivity, ModelDeployment, Placement, Tier, TrainingPlacement, Variant
from fogline.config import Settings
from fogline.names import ARCHITECTURE_LABEL, CLEARANCE_LABEL, EDGE_MARKS, TIER_LABEL
from fogline.objects.metadata import Document


def required_affinity(model: ModelDeployment, variant: Variant, settings: Settings) -> Document:
    """Give the affinity of a variant: tier, clearance, regions, architectures, accelerators, the selector."""
    machine = [
        *_one_of(ARCHITECTURE_LABEL, variant.architectures),
        *_none_of(ARCHITECTURE_LABEL, variant.excluded_architectures),
        *_one_of(settings.accelerator_label, variant.accelerator_types),
    ]
    return _affinity(model.spec.placement, variant.tier, machine, settings)


def training_affinity(placement: TrainingPlacement, settings: Settings) -> Document:
    """Give the affinity of the pods of a training, which ask for the same as those of models."""
    machine = _one_of(ARCHITECTURE_LABEL, placement.architectures)
    return _affinity(placement, placement.tier, machine, settings)


def _affinity(
    rules: Placement | TrainingPlacement, tier: Tier, machine: list[Document], settings: Settings
) -> Document:
    common = [
        *_clearance(rules.data_sensitivity),
        *_one_of(settings.region_label, rules.allowed_regions),
        *machine,
        *(_in(key, [value]) for key, value in sorted((rules.node_selector or {}).items())),
    ]
    terms = [{"matchExpressions": [*one, *common]} for one in tier_terms(tier)]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def tier_terms(tier: Tier) -> list[list[Document]]:
    """Give one list of expressions for each way of being in a tier. An explicit tier label wins.

    Cloud is what no mark calls Edge, so it needs a second term for marked nodes that say Cloud themselves.
    """
    said = [_in(TIER_LABEL, [tier.value])]
    if tier is Tier.CLOUD:
        unmarked = [_not_in(TIER_LABEL, [Tier.EDGE.value]), *(_unmarked(*mark) for mark in EDGE_MARKS)]
        return [said, unmarked]
    return [said, *([_marked(*mark), _not_in(TIER_LABEL, [Tier.CLOUD.value])] for mark in EDGE_MARKS)]


def _clearance(needed: DataSensitivity) -> list[Document]:
    """No expression for Public: a node without the label may hold Public data, and In never matches it."""
    if needed is DataSensitivity.PUBLIC:
        return []
    return [_in(CLEARANCE_LABEL, [level.value for level in DataSensitivity if level >= needed])]


def _one_of(label: str, values: Sequence[str] | None) -> list[Document]:
    return [_in(label, list(values))] if values else []


def _none_of(label: str, values: Sequence[str]) -> list[Document]:
    return [_not_in(label, list(values))] if values else []


def _marked(label: str, value: str | None) -> Document:
    return _in(label, [value]) if value else {"key": label, "operator": "Exists"}


def _unmarked(label: str, value: str | None) -> Document:
    return _not_in(label, [value]) if value else {"key": label, "operator": "DoesNotExist"}


def _in(key: str, values: list[str]) -> Document:
    return {"key": key, "operator": "In", "values": values}


def _not_in(key: str, values: list[str]) -> Document:
    return {"key": key, "operator": "NotIn", "values": values}
