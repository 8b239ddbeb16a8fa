"""Rules between the fields of a NodeProfile."""

from decimal import Decimal
from typing import Any

from fogline.api.nodeprofile import NodeProfile, NodeProfileSpec
from fogline.api.rule import KEYS_CEL, Rule, are_label_keys
from fogline.units import MAX_COST_PER_HOUR, parse_usd


def _has_a_fact(profile: NodeProfile) -> bool:
    spec = profile.spec
    return any(
        fact is not None for fact in (spec.cost_per_hour, spec.billing, spec.latency, spec.capacity_share)
    )


def _cost_means_something(spec: NodeProfileSpec) -> bool:
    return spec.cost_per_hour is None or parse_usd(spec.cost_per_hour) <= MAX_COST_PER_HOUR


def _share_is_a_share(spec: NodeProfileSpec) -> bool:
    return spec.capacity_share is None or 0 < Decimal(spec.capacity_share) <= 1


NODE_PROFILE_RULES: tuple[Rule[Any], ...] = (
    Rule(
        on=NodeProfile,
        field="spec",
        message="give at least one fact: costPerHour, billing, latency or capacityShare",
        cel="has(self.spec.costPerHour) || has(self.spec.billing) ||\n"
        "has(self.spec.latency) || has(self.spec.capacityShare)",
        holds=_has_a_fact,
    ),
    Rule(
        on=NodeProfileSpec,
        field="nodeSelector",
        message="keys must be keys of labels, such as example.com/disk",
        cel=f"self.nodeSelector.{KEYS_CEL}",
        holds=lambda spec: are_label_keys(spec.node_selector),
    ),
    Rule(
        on=NodeProfileSpec,
        field="costPerHour",
        message=f"must be at most {MAX_COST_PER_HOUR}; write what a whole node costs in US dollars per hour",
        cel="!has(self.costPerHour) ||\n"
        f"quantity(self.costPerHour).compareTo(quantity('{MAX_COST_PER_HOUR}')) <= 0",
        holds=_cost_means_something,
    ),
    Rule(
        on=NodeProfileSpec,
        field="capacityShare",
        message='must be above 0 and at most 1; write "0.8" for 80 %, and taint a node to keep models off it',
        cel="!has(self.capacityShare) || (quantity(self.capacityShare).isGreaterThan(quantity('0')) &&\n"
        "  quantity(self.capacityShare).compareTo(quantity('1')) <= 0)",
        holds=_share_is_a_share,
    ),
)
