"""Conditions, as all objects of the API report them."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from fogline.api.enums import ConditionStatus
from fogline.api.fields import ApiObject, LongCount

Time = Annotated[datetime, Meta(tz=True)]


class Condition(ApiObject, frozen=True, kw_only=True):
    """One condition, as in Kubernetes."""

    type: Annotated[str, Meta(max_length=316)]
    """Which aspect the condition is about."""
    status: ConditionStatus
    """True, False, or Unknown while it cannot be told."""
    reason: Annotated[str, Meta(max_length=1024, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?\Z")]
    """Why, in one CamelCase token, the same in Events and metrics."""
    message: Annotated[str, Meta(max_length=32_768)]
    """Why, in words for people."""
    last_transition_time: Time
    """When the status last changed."""
    observed_generation: LongCount | None = None
    """Generation of the spec that the condition is about."""
