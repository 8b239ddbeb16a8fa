"""Rules between fields: each is one value with its CEL text for the API server and its twin in Python.

The API server knows the old object, so it alone checks what is immutable; such a rule has no twin.
"""

import re
from functools import cache
from typing import Any

from fogline.api.budgets import BUDGET_RULES
from fogline.api.enums import Tier
from fogline.api.fields import DOMAIN, schema_pattern
from fogline.api.modeldeployment import ModelDeployment, ModelDeploymentSpec
from fogline.api.nodeprofile_rules import NODE_PROFILE_RULES
from fogline.api.placement import Latency, Placement, TierBounds
from fogline.api.resource_rules import RESOURCE_RULES
from fogline.api.rule import KEYS_CEL, Rule, are_label_keys
from fogline.api.serviceoptions import ServiceOptions
from fogline.api.variants import Artifact, ModelName

_MAX_LABEL_CHARACTERS = 63
_MAX_NAME_PER_TIER = _MAX_LABEL_CHARACTERS - len("-cloud")
_OBJECT_URI = r"^(s3|gs)://[A-Za-z0-9][-A-Za-z0-9._]{1,221}(/[^/]+)+/?\Z"
_FILE_URI = r"^https://[^/?#]+/([^?#]*[^/?#])([?].*)?\Z"
_CLAIM_URI = rf"^pvc://{DOMAIN}(/[^/]+)*/?\Z"
_LONG_CLAIM = "^pvc://[^/]{254}"
_DOTS = r"/[.][.]?(/|\Z)"
_IMAGE_URI = r"^oci://[A-Za-z0-9][-A-Za-z0-9._:/]*(@sha256:[0-9a-f]{64})?\Z"


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


def _has_variant(spec: ModelDeploymentSpec, tier: Tier) -> bool:
    return any(variant.tier is tier for variant in spec.variants)


def _uri_holds_no_password(artifact: Artifact) -> bool:
    return not re.match(r"https://[^/]*@", artifact.uri)


def _bucket_and_key_are_plain(artifact: Artifact) -> bool:
    if not artifact.uri.startswith(("s3://", "gs://")):
        return True
    return bool(re.match(_OBJECT_URI, artifact.uri)) and not re.search(_DOTS, artifact.uri)


def _file_has_a_name(artifact: Artifact) -> bool:
    return not artifact.uri.startswith("https://") or bool(re.match(_FILE_URI, artifact.uri))


def _claim_and_path_are_plain(artifact: Artifact) -> bool:
    if not artifact.uri.startswith("pvc://"):
        return True
    is_plain = re.match(_CLAIM_URI, artifact.uri) and not re.match(_LONG_CLAIM, artifact.uri)
    return bool(is_plain) and not re.search(_DOTS, artifact.uri)


def _image_is_a_reference(artifact: Artifact) -> bool:
    return not artifact.uri.startswith("oci://") or bool(re.match(_IMAGE_URI, artifact.uri))


def _volume_needs_no_secret(artifact: Artifact) -> bool:
    return artifact.secret_name is None or not artifact.uri.startswith("pvc://")


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
        on=Artifact,
        field="uri",
        message="a URI holds no user or password; put them into the Secret that secretName names",
        cel="!self.uri.matches('^https://[^/]*@')",
        holds=_uri_holds_no_password,
    ),
    Rule(
        on=Artifact,
        field="uri",
        message="a bucket is written s3://bucket/key or gs://bucket/key; no empty parts, . or .. in the key",
        cel=f"!self.uri.matches('^(s3|gs)://') ||\n  (self.uri.matches('{schema_pattern(_OBJECT_URI)}') && "
        "!self.uri.matches('/[.][.]?(/|$)'))",
        holds=_bucket_and_key_are_plain,
    ),
    Rule(
        on=Artifact,
        field="uri",
        message="a web server is asked for one file: https://host/path/file",
        cel=f"!self.uri.startsWith('https://') ||\n  self.uri.matches('{schema_pattern(_FILE_URI)}')",
        holds=_file_has_a_name,
    ),
    Rule(
        on=Artifact,
        field="uri",
        message="a volume is written pvc://claim/path, without empty parts, . or .. in the path",
        cel=f"!self.uri.startsWith('pvc://') ||\n  (self.uri.matches('{schema_pattern(_CLAIM_URI)}') && "
        f"!self.uri.matches('{_LONG_CLAIM}') && !self.uri.matches('/[.][.]?(/|$)'))",
        holds=_claim_and_path_are_plain,
    ),
    Rule(
        on=Artifact,
        field="uri",
        message="an image is written oci://registry/name:tag, oci://registry/name@sha256:digest, or both",
        cel=f"!self.uri.startsWith('oci://') ||\n  self.uri.matches('{schema_pattern(_IMAGE_URI)}')",
        holds=_image_is_a_reference,
    ),
    Rule(
        on=Artifact,
        field="secretName",
        message="a pvc:// artifact is a volume and needs no secretName",
        cel="!has(self.secretName) || !self.uri.startsWith('pvc://')",
        holds=_volume_needs_no_secret,
    ),
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
    *NODE_PROFILE_RULES,
)
"""In the order in which a user should hear of them."""


@cache
def rules_on(kind: type) -> tuple[Rule[Any], ...]:
    """Return the rules on one type of object."""
    return tuple(rule for rule in RULES if rule.on is kind)
