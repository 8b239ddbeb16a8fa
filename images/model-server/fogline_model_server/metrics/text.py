"""The text format of Prometheus.

Written here because the client library of Prometheus adds to a histogram bucket by bucket, which costs more
than reading a small tensor, and because 33 buckets need no library to be written down.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from fogline_model_server.metrics.instruments import LATENCY_BOUNDS, Histograms, Labels

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BOUNDS = (*(f"{bound:g}" for bound in LATENCY_BOUNDS), "+Inf")
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Metric(NamedTuple):
    """The name of a figure, and what it is about."""

    name: str
    kind: str
    """``counter``, ``gauge`` or ``histogram``."""
    help: str
    labels: tuple[str, ...] = ()
    """Names of the labels."""


def scalars(metric: Metric, values: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    """Return the lines of counters or gauges."""
    yield from _head(metric)
    for labels, value in values:
        yield f"{metric.name}{_braces(dict(zip(metric.labels, labels, strict=True)))} {_number(value)}"


def histograms(metric: Metric, values: Histograms) -> Iterator[str]:
    """Return the lines of histograms, in microseconds."""
    yield from _head(metric)
    for labels, histogram in values.values():
        named = dict(zip(metric.labels, labels, strict=True))
        counts, total = histogram.read()
        for bound, count in zip(_BOUNDS, counts, strict=True):
            yield f"{metric.name}_bucket{_braces({**named, 'le': bound})} {count}"
        yield f"{metric.name}_sum{_braces(named)} {_number(total)}"
        yield f"{metric.name}_count{_braces(named)} {counts[-1]}"


def _head(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} {metric.kind}"


def _braces(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items()) + "}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
