"""Whether a new version is worse than the old one."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from fogline.api import Rollout
from fogline.rollout.figures import Figures, Observed
from fogline.snapshot import Replica


def needs_figures(rules: Rollout) -> bool:
    """Tell whether a limit is about what somebody has to measure."""
    return any((rules.max_error_rate, rules.max_latency_ratio, rules.min_agreement))


def fault(
    rules: Rollout, new: list[Replica], observed: Observed, ready_timeout: timedelta, now: datetime
) -> str | None:
    """Say what is wrong with a new version; None while nothing is known to be."""
    return next(_faults(rules, new, observed, ready_timeout, now), None)


def is_late(one: Replica, ready_timeout: timedelta, now: datetime) -> bool:
    """Tell whether a replica on a node has not been Ready for too long, from its start or since it was."""
    if not one.bound or one.ready:
        return False
    began = (one.created_at, one.decided_at, one.readiness_since)
    return now - max(moment for moment in began if moment) > ready_timeout


def _faults(
    rules: Rollout, new: list[Replica], observed: Observed, ready_timeout: timedelta, now: datetime
) -> Iterator[str]:
    for one in new:
        if is_late(one, ready_timeout, now):
            late = f"{one.name} on {one.node} is not Ready after {ready_timeout.total_seconds():.0f} s"
            yield f"{late}: {one.trouble}" if one.trouble else late
    canary, stable = observed.canary, observed.stable
    if canary and canary.requests >= rules.min_requests:
        if rules.max_error_rate and canary.error_rate > float(rules.max_error_rate):
            yield (
                f"it answered {canary.errors} of {canary.requests} requests with an error, "
                f"maxErrorRate is {rules.max_error_rate}"
            )
        if stable and stable.requests >= rules.min_requests and _is_slower(rules, canary, stable):
            yield (
                f"99 % of its answers came within {canary.p99_milliseconds:.1f} ms, those of the old version "
                f"within {stable.p99_milliseconds:.1f} ms, maxLatencyRatio is {rules.max_latency_ratio}"
            )
    agreement = observed.agreement
    if rules.min_agreement and agreement is not None and agreement < float(rules.min_agreement):
        yield (
            f"it answers {agreement:.1%} of the samples like the old version, "
            f"minAgreement is {rules.min_agreement}"
        )


def missing(rules: Rollout, observed: Observed, *, is_alone: bool) -> str | None:
    """Say what nobody measures although a limit is about it.

    Parameters
    ----------
    is_alone
        No replica of the old version is left that a new one could be compared with.
    """
    compared = not is_alone
    if rules.max_error_rate and observed.canary is None:
        return "nobody counts errors"
    if rules.max_latency_ratio and compared and (observed.canary is None or observed.stable is None):
        return "nobody measures latency"
    if rules.min_agreement and compared and observed.agreement is None:
        return "nobody compares answers"
    return None


def too_few(rules: Rollout, observed: Observed, *, is_alone: bool) -> str | None:
    """Say which requests a verdict still needs; `is_alone` as in `missing`."""
    asked = []
    if observed.canary and (rules.max_error_rate or rules.max_latency_ratio):
        asked.append(("the new", observed.canary.requests))
    if observed.stable and rules.max_latency_ratio and not is_alone:
        asked.append(("the old", observed.stable.requests))
    for version, requests in asked:
        if requests < rules.min_requests:
            return f"{version} version has answered {requests} of minRequests {rules.min_requests}"
    return None


def _is_slower(rules: Rollout, canary: Figures, stable: Figures) -> bool:
    new, old = canary.p99_milliseconds, stable.p99_milliseconds
    if rules.max_latency_ratio is None or new is None or old is None:
        return False
    return new > old * float(rules.max_latency_ratio)
