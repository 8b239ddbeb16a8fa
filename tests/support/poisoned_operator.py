"""The operator, with mistakes in it that happen with some models, by their names.

It runs as a program, in the place of ``fogline.handlers``: no input is known that makes it fail by itself.
"""

import runpy
from typing import Any
from unittest.mock import patch

from fogline import training as runs
from fogline.reconcile import decisions
from fogline.reconcile.intent import Intent, intend
from fogline.reconcile.writer import Writer
from fogline.runs import keeper

NOT_DECIDED, NOT_WRITTEN = "not-decided", "not-written"
"""Names of the models."""
NOT_RUN = "not-run"
"""Name of the training."""

_write = Writer.carry_out


def decide_or_fail(*arguments: Any) -> Intent:
    """Decide in full, and fail then."""
    intent = intend(*arguments)
    if intent.model.metadata.name == NOT_DECIDED:
        raise KeyError("a mistake")
    return intent


async def write_or_fail(writer: Writer, intent: Intent) -> Any:
    """Write, or fail."""
    if intent.model.metadata.name == NOT_WRITTEN:
        raise KeyError("a mistake")
    return await _write(writer, intent)


def run_or_fail(*arguments: Any) -> runs.Intent:
    """Decide on a training in full, and fail then."""
    intent = runs.intend(*arguments)
    if intent.training.metadata.name == NOT_RUN:
        raise KeyError("a mistake")
    return intent


if __name__ == "__main__":
    with (
        patch.object(decisions, "intend", decide_or_fail),
        patch.object(Writer, "carry_out", write_or_fail),
        patch.object(keeper, "intend", run_or_fail),
    ):
        runpy.run_module("fogline.handlers", run_name="__main__")
