"""Quantities of Kubernetes and amounts of money, parsed once and written one way."""

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

from fogline.errors import BadInputError

Amounts = Mapping[str, int]
"""Resource name to amount: ``cpu`` in millicores, everything else in whole units (bytes, devices, pods)."""
MOST = 1 << 50
"""An amount above this, 1 PiB or a trillion cores, counts as this: whatever nodes and pods claim, the sum
over thousands of them fits into 64 bits."""

_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?")
_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10**3),
    **{letter: Decimal(1000 ** (power + 2)) for power, letter in enumerate("MGTPE")},
    **{f"{letter}i": Decimal(1024 ** (power + 1)) for power, letter in enumerate("KMGTPE")},
}
_USD = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_USD_DIGITS = Decimal("0.000001")
MAX_COST_PER_HOUR = Decimal(100_000)
"""US dollars of one node. A node may label itself, and a status has no room for the sum of prices that mean
nothing."""
_MAX_MILLISECONDS = 600_000
_MEBIBYTE = 1024**2


def parse_quantity(text: str | int) -> Decimal:
    """Parse a Kubernetes quantity such as ``250m``, ``1.5Gi`` or ``2e3``.

    The grammar is that of k8s.io/apimachinery ``pkg/api/resource/quantity.go``, but for exponents of three
    digits: what they stand for fits nowhere.

    Raises
    ------
    BadInputError
        The text is no quantity.
    """
    match = _QUANTITY.fullmatch(str(text))
    if not match:
        raise BadInputError(f"{text!r} is no quantity; write for example 250m, 2 or 1.5Gi")
    number, suffix = Decimal(match[1]), match[2]
    if not suffix:
        return number
    return number * _SUFFIXES[suffix] if suffix in _SUFFIXES else number * Decimal(f"1{suffix}")


@lru_cache(maxsize=16_384)
def resource_amount(resource: str, quantity: str | int) -> int:
    """Turn a quantity into the unit of `Amounts`, rounded up as kube-scheduler does, at most `MOST`.

    Raises
    ------
    BadInputError
        The text is no quantity, or below 0.
    """
    value = parse_quantity(quantity) * (1000 if resource == "cpu" else 1)
    if value < 0:
        raise BadInputError(f"{quantity!r} of {resource} is below 0; write 0 for none")
    return min(int(value.to_integral_value(ROUND_CEILING)), MOST)


def resource_amounts(quantities: Mapping[str, str | int]) -> dict[str, int]:
    """Turn a Kubernetes resource list into `Amounts`.

    Raises
    ------
    BadInputError
        One of them is no quantity, or below 0.
    """
    return {resource: resource_amount(resource, quantity) for resource, quantity in quantities.items()}


def sum_amounts(parts: Iterable[Amounts]) -> dict[str, int]:
    """Add amounts resource by resource."""
    total: dict[str, int] = {}
    for part in parts:
        for resource, amount in part.items():
            total[resource] = total.get(resource, 0) + amount
    return total


def max_amounts(parts: Iterable[Amounts]) -> dict[str, int]:
    """Take the largest amount of each resource."""
    largest: dict[str, int] = {}
    for part in parts:
        for resource, amount in part.items():
            largest[resource] = max(largest.get(resource, 0), amount)
    return largest


def format_amount(resource: str, amount: int, *, round_up: bool = False) -> str:
    """Write an amount for people: ``250m`` of cpu, ``130Mi`` of memory."""
    if resource == "cpu":
        return f"{amount}m"
    if resource in {"memory", "ephemeral-storage"} or resource.startswith("hugepages-"):
        return f"{-(-amount // _MEBIBYTE) if round_up else round(amount / _MEBIBYTE)}Mi"
    return str(amount)


def parse_usd(text: str) -> Decimal:
    """Parse an amount of US dollars such as ``0.25``.

    Raises
    ------
    BadInputError
        The text is no decimal number of the API: at most nine digits on each side of the point.
    """
    if not _USD.fullmatch(text):
        raise BadInputError(f"{text!r} is no amount of US dollars; write for example 0.25")
    return Decimal(text)


def parse_cost_per_hour(text: str) -> Decimal:
    """Parse what one node costs, in US dollars per hour.

    Raises
    ------
    BadInputError
        The text is no amount of US dollars, or above `MAX_COST_PER_HOUR`.
    """
    cost = parse_usd(text)
    if cost > MAX_COST_PER_HOUR:
        raise BadInputError(
            f"{text!r} is above {MAX_COST_PER_HOUR} US dollars per hour; write for example 0.25"
        )
    return cost


def format_usd(value: Decimal) -> str:
    """Write US dollars without trailing zeros, at most six digits after the point."""
    text = format(value.quantize(_USD_DIGITS) + 0, "f")  # adding 0 makes 0 of -0
    return text.rstrip("0").rstrip(".")


@lru_cache(maxsize=16_384)
def parse_milliseconds(text: str) -> int:
    """Parse a round trip in milliseconds, up to ten minutes as in the API.

    Raises
    ------
    BadInputError
        The text is no whole number, or too large.
    """
    digits = text.isascii() and text.isdecimal() and len(text) <= len(str(_MAX_MILLISECONDS))
    if not digits or int(text) > _MAX_MILLISECONDS:
        raise BadInputError(f"{text!r} is no number of milliseconds up to {_MAX_MILLISECONDS}; write 20")
    return int(text)
