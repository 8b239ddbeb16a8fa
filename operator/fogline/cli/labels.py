"""Labels of nodes that Fogline reads but cannot use: they count as absent, which is seldom what was meant."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from fogline import names
from fogline.api import Billing, DataSensitivity, Tier
from fogline.errors import BadInputError
from fogline.snapshot import Node
from fogline.units import parse_cost_per_hour, parse_milliseconds

_TOKENS = {
    names.TIER_LABEL: [tier.value for tier in Tier],
    names.BILLING_LABEL: [billing.value for billing in Billing],
    names.CLEARANCE_LABEL: [level.value for level in DataSensitivity],
}


def unusable_labels(nodes: Iterable[Node]) -> Iterator[str]:
    """Say which values cannot be used and on how many nodes, once for each value."""
    found: dict[tuple[str, str], list[str]] = {}
    for node in nodes:
        for label, value in node.labels.items():
            if _complaint(label, value):
                found.setdefault((label, value), []).append(node.name)
    for (label, value), affected in found.items():
        where = affected[0] if len(affected) == 1 else f"{len(affected)} nodes, such as {affected[0]}"
        yield f"label {label} counts as absent on {where}: {_complaint(label, value)}"


@lru_cache(maxsize=16_384)
def _complaint(label: str, value: str) -> str | None:
    if tokens := _TOKENS.get(label):
        return None if value in tokens else f"{value!r} is none of {', '.join(tokens)}"
    if label == names.COST_LABEL:
        return _refusal(parse_cost_per_hour, value)
    if label == names.LATENCY_LABEL or label.startswith(names.CLIENT_SITE_LATENCY_PREFIX):
        return _refusal(parse_milliseconds, value)
    return None


def _refusal(parse: Callable[[str], object], value: str) -> str | None:
    try:
        parse(value)
    except BadInputError as error:
        return error.message
    return None
