"""What one scrape of a pod says, and what happened between two of them."""

from dataclasses import dataclass

from fogline.collector.formulas import BUCKETS

NONE = (0.0,) * BUCKETS
"""No latencies; shared, because most pods are idle most of the time."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters and gauges of one model server, as its page gives them. Counters count since its start."""

    ok: float = 0
    """Requests that were answered."""
    failed: float = 0
    """Requests with any other status."""
    buckets: tuple[float, ...] = NONE
    """Answered requests by latency, each bucket by itself."""
    latency_microseconds: float = 0
    """Sum of their latencies."""
    load_microseconds: float | None = None
    """Mean time to load a version; None where the server does not say."""
    cpu_seconds: float | None = None
    """Processor time; None where the server does not say."""
    memory_bytes: float | None = None
    """Resident memory; None where the server does not say."""
    started_at: float | None = None
    """Seconds since 1970; None where the server does not say."""


@dataclass(frozen=True, slots=True)
class Increase:
    """What happened within a time, of one pod or of several. Nothing in it is negative."""

    began: float
    """Monotonic seconds."""
    ended: float
    ok: float = 0
    failed: float = 0
    buckets: tuple[float, ...] = NONE
    latency_microseconds: float = 0
    cpu_seconds: float | None = None
    """None when no pod said anything of it."""
    cpu_covered_seconds: float = 0
    """Time, added up over the pods, of which the processor time is known."""
    has_samples: bool = False
    """Whether samples of ours are among the requests."""

    @property
    def requests(self) -> float:
        """All requests, answered or not."""
        return self.ok + self.failed

    @property
    def seconds(self) -> float:
        """From its begin to its end."""
        return self.ended - self.began


def between(before: Reading, after: Reading, began: float, ended: float) -> Increase:
    """Say what happened from one scrape of a pod to the next.

    As Prometheus has it, a counter that is lower than before began anew at 0. A server that started anew, by
    its start time or by any of its counters, has all of them begun anew: they are of one process.
    """
    restarted = (
        after.started_at != before.started_at
        or after.ok < before.ok
        or after.failed < before.failed
        or any(now < then for now, then in zip(after.buckets, before.buckets, strict=True))
        or (after.cpu_seconds or 0) < (before.cpu_seconds or 0)
    )
    base = Reading(cpu_seconds=0) if restarted else before
    buckets = NONE
    if after.buckets != base.buckets:
        buckets = tuple(now - then for now, then in zip(after.buckets, base.buckets, strict=True))
    knows_cpu = after.cpu_seconds is not None and base.cpu_seconds is not None
    return Increase(
        began=began,
        ended=ended,
        ok=after.ok - base.ok,
        failed=after.failed - base.failed,
        buckets=buckets,
        latency_microseconds=max(after.latency_microseconds - base.latency_microseconds, 0),
        cpu_seconds=(after.cpu_seconds or 0) - (base.cpu_seconds or 0) if knows_cpu else None,
        cpu_covered_seconds=ended - began if knows_cpu else 0,
    )


def together(one: Increase, other: Increase) -> Increase:
    """Add up two: of two pods, or of two times of one pod. The order of several plays no part."""
    known = [each.cpu_seconds for each in (one, other) if each.cpu_seconds is not None]
    return Increase(
        began=min(one.began, other.began),
        ended=max(one.ended, other.ended),
        ok=one.ok + other.ok,
        failed=one.failed + other.failed,
        buckets=_added(one.buckets, other.buckets),
        latency_microseconds=one.latency_microseconds + other.latency_microseconds,
        cpu_seconds=sum(known) if known else None,
        cpu_covered_seconds=one.cpu_covered_seconds + other.cpu_covered_seconds,
        has_samples=one.has_samples or other.has_samples,
    )


def _added(one: tuple[float, ...], other: tuple[float, ...]) -> tuple[float, ...]:
    if one is NONE or other is NONE:
        return other if one is NONE else one
    return tuple(left + right for left, right in zip(one, other, strict=True))
