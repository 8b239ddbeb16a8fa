"""The answer of ``/v1/figures``: what the collector tells programs, such as ``fogline top``.

Fields are only ever added. Money is a decimal string, as everywhere in the API.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

SCHEMA: Literal["fogline.dev/figures/v1"] = "fogline.dev/figures/v1"
MOST_TROUBLES = 50
"""Pods whose trouble is told; the others are counted."""


def _about(text: str) -> Meta:
    return Meta(description=text)


class Answer(Struct, frozen=True, rename="camel"):
    """Base of all parts of the answer."""


class Latency(Answer, frozen=True, kw_only=True):
    """Time to answer requests, measured in the model servers, in milliseconds."""

    mean: Annotated[float, _about("Mean.")]
    p50: Annotated[float, _about("Median, by linear interpolation within the bucket of the histogram.")]
    p90: Annotated[float, _about("90th percentile, by the same rule.")]
    p99: Annotated[float, _about("99th percentile, by the same rule.")]


class Use(Answer, frozen=True, kw_only=True):
    """Use of one resource: cores of processor time, or bytes of resident memory."""

    used: Annotated[float | None, _about("What the servers use; null while none of them says.")] = None
    requested: Annotated[float, _about("What the same pods request.")] = 0
    limit: Annotated[float | None, _about("Their limits together; null when one has none.")] = None
    allocatable: Annotated[
        float | None, _about("What pods may use on these nodes; null of what has no nodes of its own.")
    ] = None
    of_requested: Annotated[float | None, _about("used / requested; null while either is unknown or 0.")] = (
        None
    )
    of_allocatable: Annotated[float | None, _about("used / allocatable; null likewise.")] = None


class Figures(Answer, frozen=True, kw_only=True):
    """What a group of replicas did within the window."""

    replicas: Annotated[int, _about("Pods that there are now.")]
    seconds: Annotated[float, _about("Time that the figures are about: from the first scrape to the last.")]
    requests: Annotated[float, _about("Requests for inference within that time.")]
    failed: Annotated[float, _about("Those of them that ended with another status than OK.")]
    throughput_per_second: Annotated[float | None, _about("requests / seconds; null of no time.")] = None
    error_rate: Annotated[float | None, _about("failed / requests; null of no requests.")] = None
    latency_milliseconds: Annotated[
        Latency | None, _about("Of the requests that were answered; null of none.")
    ] = None
    cpu: Annotated[Use, _about("Cores.")]
    memory: Annotated[Use, _about("Bytes.")]
    load_milliseconds: Annotated[
        float | None, _about("Mean time to load a version; null where no server says.")
    ] = None
    cost_per_hour: Annotated[
        str | None, _about("US dollars, as the operator counts them; null while unknown of one.")
    ] = None
    cost_per_1000_requests: Annotated[
        str | None, _about("US dollars: costPerHour at this throughput; null of no requests.")
    ] = None
    decided_latency_milliseconds: Annotated[
        float | None, _about("Mean round trip that the decision counts; null when none is known.")
    ] = None


class Clients(Answer, frozen=True, kw_only=True):
    """What clients alone asked of a group: the times in which the collector sent samples are left out."""

    requests: Annotated[float, _about("Requests for inference.")]
    failed: Annotated[float, _about("Those of them that ended with another status than OK.")]
    latency_milliseconds: Annotated[
        Latency | None, _about("Of the requests that were answered; null of none.")
    ] = None


class Agreement(Answer, frozen=True, kw_only=True):
    """How a new version answered the samples of its model, last time."""

    samples: Annotated[int, _about("Samples that count: both answered, the old version without an error.")]
    alike: Annotated[int, _about("Those of them that both answered alike.")]


class Revision(Answer, frozen=True, kw_only=True):
    """The replicas of one variant that were made from one pod template."""

    namespace: str
    model: str
    variant: str
    revision: Annotated[str, _about("Label pod-template-hash of its pods.")]
    version: Annotated[str, _about("Of the artifact; empty when it is not told.")]
    tier: str
    figures: Figures
    clients: Annotated[Clients, _about("By this, new versions are judged.")]
    agreement: Annotated[
        Agreement | None,
        _about("With the old version, while the rollout of this one is on trial; null when nobody compares."),
    ] = None


class Trouble(Answer, frozen=True, kw_only=True):
    """Why nothing new is known of a pod."""

    namespace: str
    pod: str
    node: str
    reason: Annotated[str, _about("One token.")]
    message: str


class Pods(Answer, frozen=True, kw_only=True):
    """Which pods the figures come from."""

    known: Annotated[int, _about("Pods of models that run.")]
    answering: Annotated[int, _about("Those of them whose last page was read.")]
    left_out: Annotated[int, _about("Pods above what one collector follows.")]
    troubles: Annotated[tuple[Trouble, ...], _about(f"At most {MOST_TROUBLES} of those that do not answer.")]


class RoundTrip(Answer, frozen=True, kw_only=True):
    """Round trip from a client site to a site, as probes measure it."""

    client_site: str
    site: str
    milliseconds: Annotated[float | None, _about("The last measurement; null when nothing was reached.")]
    written_milliseconds: Annotated[
        int | None, _about("What the NodeProfile says; null while there is none.")
    ]


class Answered(Answer, frozen=True, kw_only=True):
    """The whole answer."""

    schema: Annotated[Literal["fogline.dev/figures/v1"], _about("Name and version of this form.")] = SCHEMA
    time: Annotated[str, _about("When it was written, RFC 3339.")]
    window_seconds: Annotated[float, _about("How long what happened is remembered.")]
    covered_seconds: Annotated[
        float, _about("How much of the window this process has seen: less after a restart, which loses it.")
    ]
    pods: Pods
    total: Figures
    tiers: Mapping[str, Figures]
    sites: Mapping[str, Figures]
    nodes: Mapping[str, Figures]
    models: Annotated[Mapping[str, Figures], _about("By namespace and name, such as shop/digits.")]
    revisions: tuple[Revision, ...]
    round_trips: tuple[RoundTrip, ...] = ()
