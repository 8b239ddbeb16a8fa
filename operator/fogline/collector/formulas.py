"""The formulas of what is measured. All are plain functions of numbers."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate

LATENCY_BOUNDS_MICROSECONDS = tuple(10 * 1.8**power for power in range(33))
"""Upper bounds of the buckets of request latencies, 10 us to 25 min: those of TensorFlow Serving and of our
model server (tensorflow/serving: servables/tensorflow/util.cc, "Scale of 10, power of 1.8 with bucket count
33"). One more bucket, without a bound, comes after them."""
BUCKETS = len(LATENCY_BOUNDS_MICROSECONDS) + 1

_MICROSECONDS_PER_MILLISECOND = 1000
_SECONDS_PER_HOUR = 3600


def throughput(work: float, seconds: float) -> float | None:
    """Give work per time, such as requests per second; None of no time."""
    return work / seconds if seconds > 0 else None


def utilisation(used: float | None, total: float | None) -> float | None:
    """Give the share of a resource that is used: 1 is all of it; None while either is unknown or 0.

    It may be above 1: a pod may use more than it requests.
    """
    return None if used is None or not total else used / total


def error_rate(failed: float, requests: float) -> float | None:
    """Give the share of requests that failed, from 0 to 1; None of no requests."""
    return failed / requests if requests > 0 else None


def cost_per_1000_requests(cost_per_hour: Decimal, requests_per_second: float | None) -> Decimal | None:
    """Give US dollars for 1,000 requests, at what is paid per hour; None while there are no requests."""
    if not requests_per_second:
        return None
    return cost_per_hour * 1000 / Decimal(requests_per_second * _SECONDS_PER_HOUR)


def latency_quantile(quantile: float, counts: Sequence[float]) -> float | None:
    """Give a quantile of latencies in milliseconds, by the rule of ``histogram_quantile`` of Prometheus.

    Within a bucket values are taken to lie evenly between its bounds; the lower bound of the first is 0. What
    lies above the last bound counts as that bound (prometheus/prometheus: promql/quantile.go).

    Parameters
    ----------
    quantile
        From 0 to 1: 0.99 for p99.
    counts
        How many fell into each of the `BUCKETS` buckets, each by itself.

    Returns
    -------
    None of no latencies.
    """
    cumulative = list(accumulate(counts))
    total = cumulative[-1]
    if total <= 0:
        return None
    rank = quantile * total
    number = next(index for index, count in enumerate(cumulative) if count >= rank and count > 0)
    bounds = LATENCY_BOUNDS_MICROSECONDS
    if number == len(bounds):
        return bounds[-1] / _MICROSECONDS_PER_MILLISECOND
    lower = bounds[number - 1] if number else 0.0
    before = cumulative[number - 1] if number else 0.0
    share = (rank - before) / counts[number] if counts[number] else 0.0
    return (lower + (bounds[number] - lower) * share) / _MICROSECONDS_PER_MILLISECOND


def mean_latency(sum_microseconds: float, counts: Sequence[float]) -> float | None:
    """Give the mean in milliseconds; None of no latencies."""
    total = sum(counts)
    return sum_microseconds / total / _MICROSECONDS_PER_MILLISECOND if total > 0 else None
