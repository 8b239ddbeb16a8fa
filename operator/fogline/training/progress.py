"""What workers say of themselves while they work. It is shown, and nothing is decided by it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

MAX_BYTES = 4096
_MOST = 1e9 - 1
"""What a decimal string of the status holds."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one worker is."""

    epoch: int
    epochs: int
    samples_per_second: str | None
    loss: str | None
    metric: str | None


class _Said(msgspec.Struct, rename="camel"):
    epoch: int = 0
    epochs: int = 0
    samples_per_second: float | None = None
    loss: float | None = None
    metric: float | None = None


def read_progress(body: bytes) -> Progress | None:
    """Read what a worker answers; None when it makes no sense. A figure without sense is left out."""
    try:
        said = msgspec.json.decode(body[: MAX_BYTES + 1], type=_Said)
    except (msgspec.DecodeError, RecursionError):
        return None
    if len(body) > MAX_BYTES or not 0 <= said.epoch <= said.epochs <= _MOST:
        return None
    return Progress(
        said.epoch,
        said.epochs,
        decimal_text(said.samples_per_second, 1),
        decimal_text(said.loss, 6),
        decimal_text(said.metric, 6),
    )


def read_trained(result: Mapping[str, Any]) -> Progress | None:
    """Read the result of a worker that is done; None when it makes no sense."""
    return read_progress(msgspec.json.encode({**result, "epoch": result.get("epochs")}))


def decimal_text(value: float | None, digits: int) -> str | None:
    """Write a figure as a decimal string; None for one that the status cannot hold."""
    if value is None or not math.isfinite(value) or not 0 <= value <= _MOST:
        return None
    text = f"{Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
