"""What the collector asks a probe, and what it answers."""

from typing import Annotated

from msgspec import Meta, Struct

PATH = "/v1/round-trips"
MOST_TARGETS = 256
"""Of one question."""
MOST_MILLISECONDS = 600_000


class Question(Struct, frozen=True, forbid_unknown_fields=True):
    """How far pods are: addresses without a port, for there is only one that a probe connects to."""

    targets: Annotated[tuple[Annotated[str, Meta(max_length=45)], ...], Meta(max_length=MOST_TARGETS)]


Milliseconds = Annotated[float, Meta(ge=0, le=MOST_MILLISECONDS)]


class RoundTrips(Struct, frozen=True):
    """The answer, in the order of the question; None for a pod that was not reached."""

    milliseconds: Annotated[tuple[Milliseconds | None, ...], Meta(max_length=MOST_TARGETS)]
