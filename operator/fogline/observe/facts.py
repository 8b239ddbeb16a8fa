"""Facts about a node that a NodeProfile or its labels may give: price, billing, share and latencies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from fogline import names
from fogline.api import Billing
from fogline.errors import BadInputError
from fogline.units import parse_cost_per_hour, parse_milliseconds

ANYWHERE = ""
"""The client site that stands for clients in general."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one source says about a node; None, or no entry, where it says nothing."""

    cost_per_hour: Decimal | None = None
    """US dollars for the whole node."""
    billing: Billing | None = None
    capacity_share: Decimal | None = None
    """Above 0 and at most 1."""
    latency_milliseconds: Mapping[str, int] = field(default_factory=dict)
    """Round trip by client site."""

    def by_name(self) -> Iterator[tuple[str, Decimal | Billing | int]]:
        """Go through what is said, each with the name that people know it by."""
        single = (
            ("costPerHour", self.cost_per_hour),
            ("billing", self.billing),
            ("capacityShare", self.capacity_share),
        )
        yield from ((name, value) for name, value in single if value is not None)
        for site, milliseconds in self.latency_milliseconds.items():
            yield f"latency from {site}" if site != ANYWHERE else "latency", milliseconds


def first_said(sources: Sequence[Facts]) -> Facts:
    """Put facts together; each is taken from the first source that says anything about it."""
    latencies: dict[str, int] = {}
    for one in reversed(sources):
        latencies |= one.latency_milliseconds
    return Facts(
        cost_per_hour=next((one.cost_per_hour for one in sources if one.cost_per_hour is not None), None),
        billing=next((one.billing for one in sources if one.billing is not None), None),
        capacity_share=next((one.capacity_share for one in sources if one.capacity_share is not None), None),
        latency_milliseconds=latencies,
    )


def facts_of_labels(labels: Mapping[str, str]) -> Facts:
    """Read the facts that labels give. One whose value cannot be read says nothing."""
    return Facts(
        cost_per_hour=_cost(labels),
        billing=_billing(labels),
        latency_milliseconds=dict(_latencies(labels)),
    )


def _cost(labels: Mapping[str, str]) -> Decimal | None:
    try:
        return parse_cost_per_hour(labels.get(names.COST_LABEL, ""))
    except BadInputError:
        return None


def _billing(labels: Mapping[str, str]) -> Billing | None:
    try:
        return Billing(labels.get(names.BILLING_LABEL, ""))
    except ValueError:
        return None


def _latencies(labels: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for label in labels.items():
        if (latency := _latency(label)) is not None:
            yield latency


@lru_cache(maxsize=16_384)
def _latency(label: tuple[str, str]) -> tuple[str, int] | None:
    """Read one label; hundreds of nodes may have the same."""
    key, value = label
    if key == names.LATENCY_LABEL:
        site = ANYWHERE
    elif key.startswith(names.CLIENT_SITE_LATENCY_PREFIX):
        site = key.removeprefix(names.CLIENT_SITE_LATENCY_PREFIX)
    else:
        return None
    try:
        return site, parse_milliseconds(value)
    except BadInputError:
        return None
