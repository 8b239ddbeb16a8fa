"""Rules between fields: each is one value with its CEL text for the API server and its twin in Python.

The API server knows the old object, so it alone checks what is immutable; such a rule has no twin.
"""

from functools import cache
from typing import Any

from fogline.api.budgets import BUDGET_RULES
from fogline.api.enums import MoveStrategy, Tier
from fogline.api.modeldeployment import ModelDeployment, ModelDeploymentSpec
from fogline.api.nodeprofile_rules import NODE_PROFILE_RULES
from fogline.api.placement import Latency, Placement, TierBounds
from fogline.api.resource_rules import RESOURCE_RULES
from fogline.api.rollout_rules import ROLLOUT_RULES
from fogline.api.rule import KEYS_CEL, Rule, are_label_keys
from fogline.api.serviceoptions import ServiceOptions
from fogline.api.training_rules import TRAINING_RULES
from fogline.api.uri_rules import uri_rules
from fogline.api.variants import Artifact, ModelName

_MAX_LABEL_CHARACTERS = 63
_MAX_NAME_PER_TIER = _MAX_LABEL_CHARACTERS - len("-cloud")


def _names_fit(model: ModelDeployment) -> bool:
    return all(
        len(model.metadata.name) + 1 + len(variant.name) <= _MAX_LABEL_CHARACTERS
        for variant in model.spec.variants
    )


def _tier_services_fit(model: ModelDeployment) -> bool:
    return not model.spec.service.per_tier or len(model.metadata.name) <= _MAX_NAME_PER_TIER


def _site_services_fit(model: ModelDeployment) -> bool:
    return all(
        len(model.metadata.name) + 1 + len(site) <= _MAX_LABEL_CHARACTERS
        for site in model.spec.service.sites or ()
    )


def _sites_are_no_tiers(options: ServiceOptions) -> bool:
    return not options.per_tier or not {"cloud", "edge"} & set(options.sites or ())


def _cloud_minimum_has_variant(spec: ModelDeploymentSpec) -> bool:
    return spec.placement.cloud.min_replicas == 0 or _has_variant(spec, Tier.CLOUD)


def _edge_minimum_has_variant(spec: ModelDeploymentSpec) -> bool:
    return spec.placement.edge.min_replicas == 0 or _has_variant(spec, Tier.EDGE)


def _canary_has_room(spec: ModelDeploymentSpec) -> bool:
    return (
        spec.rollout.canary_percent == 0
        or spec.rebalancing.strategy is not MoveStrategy.EVICT
        or not _has_variant(spec, Tier.EDGE)
    )


def _has_variant(spec: ModelDeploymentSpec, tier: Tier) -> bool:
    return any(variant.tier is tier for variant in spec.variants)


def _target_within_maximum(latency: Latency) -> bool:
    target, maximum = latency.target_milliseconds, latency.max_milliseconds
    return target is None or maximum is None or target <= maximum


def _minimum_within_maximum(bounds: TierBounds) -> bool:
    return bounds.max_replicas is None or bounds.min_replicas <= bounds.max_replicas


RULES: tuple[Rule[Any], ...] = (
    Rule(
        on=ModelDeployment,
        field="metadata.name",
        message=f"<name>-<variant> must fit in {_MAX_LABEL_CHARACTERS} characters",
        cel="self.spec.variants.all(v, "
        f"size(self.metadata.name) + 1 + size(v.name) <= {_MAX_LABEL_CHARACTERS})",
        holds=_names_fit,
    ),
    Rule(
        on=ModelDeployment,
        field="spec.service.perTier",
        message=f"<name>-cloud must fit in {_MAX_LABEL_CHARACTERS} characters",
        cel=f"!self.spec.service.perTier || size(self.metadata.name) <= {_MAX_NAME_PER_TIER}",
        holds=_tier_services_fit,
    ),
    Rule(
        on=ModelDeployment,
        field="spec.service.sites",
        message=f"<name>-<site> must fit in {_MAX_LABEL_CHARACTERS} characters",
        cel="!has(self.spec.service.sites) || self.spec.service.sites.all(s,\n"
        f"  size(self.metadata.name) + 1 + size(s) <= {_MAX_LABEL_CHARACTERS})",
        holds=_site_services_fit,
    ),
    Rule(
        on=ServiceOptions,
        field="sites",
        message="with perTier the names of the Services for sites called cloud and edge are taken",
        cel="!self.perTier || !has(self.sites) || !self.sites.exists(s, s in ['cloud', 'edge'])",
        holds=_sites_are_no_tiers,
    ),
    Rule(
        on=ModelDeploymentSpec,
        field="model",
        message="model is immutable",
        cel="has(self.model) == has(oldSelf.model)",
    ),
    Rule(
        on=ModelName,
        field="name",
        message="model.name is immutable",
        cel="self.name == oldSelf.name",
    ),
    Rule(
        on=ModelDeploymentSpec,
        field="placement.cloud.minReplicas",
        message="cloud.minReplicas needs a variant with tier Cloud",
        cel="self.placement.cloud.minReplicas == 0 || self.variants.exists(v, v.tier == 'Cloud')",
        holds=_cloud_minimum_has_variant,
    ),
    Rule(
        on=ModelDeploymentSpec,
        field="placement.edge.minReplicas",
        message="edge.minReplicas needs a variant with tier Edge",
        cel="self.placement.edge.minReplicas == 0 || self.variants.exists(v, v.tier == 'Edge')",
        holds=_edge_minimum_has_variant,
    ),
    Rule(
        on=ModelDeploymentSpec,
        field="rollout.canaryPercent",
        message="a canary runs beside what it may replace: at the edge it needs rebalancing.strategy Surge",
        cel="self.rollout.canaryPercent == 0 || self.rebalancing.strategy != 'Evict' ||\n"
        "  !self.variants.exists(v, v.tier == 'Edge')",
        holds=_canary_has_room,
    ),
    *uri_rules(Artifact, "https", "s3", "pvc", "oci"),
    *RESOURCE_RULES,
    Rule(
        on=Placement,
        field="nodeSelector",
        message="keys must be keys of labels, such as example.com/disk",
        # has() despite the default: the API server also tries the rule on the bare default of placement, {}
        cel=f"!has(self.nodeSelector) || self.nodeSelector.{KEYS_CEL}",
        holds=lambda placement: are_label_keys(placement.node_selector),
    ),
    Rule(
        on=Latency,
        field="targetMilliseconds",
        message="targetMilliseconds must not exceed maxMilliseconds",
        cel="!has(self.targetMilliseconds) || !has(self.maxMilliseconds) ||\n"
        "self.targetMilliseconds <= self.maxMilliseconds",
        holds=_target_within_maximum,
    ),
    Rule(
        on=TierBounds,
        field="minReplicas",
        message="minReplicas must not exceed maxReplicas",
        cel="!has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
        holds=_minimum_within_maximum,
    ),
    *BUDGET_RULES,
    *ROLLOUT_RULES,
    *NODE_PROFILE_RULES,
    *TRAINING_RULES,
)
"""In the order in which a user should hear of them."""


@cache
def rules_on(kind: type) -> tuple[Rule[Any], ...]:
    """Return the rules on one type of object."""
    return tuple(rule for rule in RULES if rule.on is kind)
