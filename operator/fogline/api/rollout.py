"""How a new version of a model reaches its replicas."""

from typing import Annotated

from msgspec import Meta

from fogline.api.budgets import ClockWindow
from fogline.api.fields import AS_ATOMIC, ApiObject, Count, DecimalText, Percent

Sample = Annotated[str, Meta(min_length=2, max_length=4096)]


class EdgeRollout(ApiObject, frozen=True, kw_only=True):
    """How a new version reaches edge nodes, which take it one after another."""

    windows: Annotated[tuple[ClockWindow, ...], AS_ATOMIC, Meta(min_length=1, max_length=8)] | None = None
    """When edge nodes may begin to take a new version; outside of these times they wait. A replica that is
    missing is replaced at any time. Absent: at any time."""
    megabits_per_second: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    """How fast one edge node may fetch an artifact, in megabits per second. A change replaces the edge
    replicas one after another. Absent: as the operator's setting edgeFetchMegabits says, else no limit."""


class Rollout(ApiObject, frozen=True, kw_only=True):
    """How a new version, which is another artifact or image of a variant, reaches the replicas."""

    canary_percent: Percent = 0
    """Share of a variant's replicas that serve a new version first, in percent, rounded up; of more than one
    replica at least one goes on with the old version. 0: no canary, the new version goes to all replicas."""
    promote_after_seconds: Annotated[int, Meta(ge=1, le=604_800)] = 300
    """How long the canary has to serve, in seconds, before the new version goes to all replicas."""
    min_requests: Count = 20
    """Requests that the canary must have answered before its errors and latency are judged."""
    max_error_rate: DecimalText | None = None
    """Share of requests that the canary may answer with an error, as a decimal string from 0 to 1 such as
    "0.01"; above it the old version comes back. Absent: errors are not looked at."""
    max_latency_ratio: DecimalText | None = None
    """How slow the canary may be: the 99th percentile of its latency divided by that of the old version, as a
    decimal string of at least 1 such as "1.5"; above it the old version comes back. Absent: latency is not
    looked at."""
    min_agreement: DecimalText | None = None
    """Share of the samples that both versions must answer alike, as a decimal string from 0 to 1 such as
    "0.99"; below it the old version comes back. Answers are alike when they name the same class, or, where
    there are no classes, differ by at most a thousandth. Needs samples. Absent: answers are not compared."""
    samples: Annotated[tuple[Sample, ...], AS_ATOMIC, Meta(min_length=1, max_length=16)] | None = None
    """Requests with which answers are compared: bodies of the REST predict API as JSON texts, such as
    {"instances": [[1.0, 2.0]]}. Needs minAgreement. Absent: answers are not compared."""
    edge: EdgeRollout = EdgeRollout()
    """How a new version reaches edge nodes."""
