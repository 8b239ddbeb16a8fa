"""The page that Prometheus reads."""

from collections import Counter
from collections.abc import Iterator

from fogline_model_server import __version__
from fogline_model_server.catalog import Catalog, State
from fogline_model_server.engines.engine import Figure, Figured
from fogline_model_server.metrics import process
from fogline_model_server.metrics.meter import Meter
from fogline_model_server.metrics.text import Metric, histograms, scalars

REQUESTS = Metric(
    ":tensorflow:serving:request_count", "counter", "Requests for inference.", ("model_name", "status")
)
REQUEST_LATENCY = Metric(
    ":tensorflow:serving:request_latency",
    "histogram",
    "Time to answer requests that went well, in microseconds.",
    ("model_name", "API", "entrypoint"),
)
RUNTIME_LATENCY = Metric(
    ":tensorflow:serving:runtime_latency",
    "histogram",
    "Time in the engine, waiting for it included, in microseconds.",
    ("model_name", "API", "runtime"),
)
WARMUP_LATENCY = Metric(
    ":tensorflow:serving:model_warmup_latency",
    "histogram",
    "Time to replay the warm-up requests of a version, in microseconds.",
    ("model_name", "status"),
)
LOAD_LATENCY = Metric(
    "fogline_model_server_load_latency",
    "histogram",
    "Time to load a version, its warm-up included, in microseconds.",
    ("model_name",),
)
LOAD_FAILURES = Metric(
    "fogline_model_server_load_failures_total",
    "counter",
    "Attempts to load a version that failed.",
    ("model_name",),
)
UNKNOWN_MODELS = Metric(
    "fogline_model_server_unknown_model_requests_total",
    "counter",
    "Requests for inference with a model that is not configured.",
)
VERSIONS = Metric(
    "fogline_model_server_versions",
    "gauge",
    "Versions of a model by the state that GetModelStatus shows.",
    ("model_name", "state"),
)
ENGINES = Metric(
    "fogline_model_server_engine_info",
    "gauge",
    "1 for each version that answers, with the engine that runs it.",
    ("model_name", "version", "engine"),
)
_OF_VERSION = ("model_name", "version")
FIGURES = {
    Figure.INTERPRETERS: Metric(
        "fogline_model_server_interpreters", "gauge", "Interpreters of LiteRT that there are.", _OF_VERSION
    ),
    Figure.INTERPRETERS_BUSY: Metric(
        "fogline_model_server_interpreters_busy", "gauge", "Interpreters that run now.", _OF_VERSION
    ),
    Figure.BATCHES: Metric(
        "fogline_model_server_batches_total", "counter", "Batches that were run.", _OF_VERSION
    ),
    Figure.BATCHED_REQUESTS: Metric(
        "fogline_model_server_batched_requests_total",
        "counter",
        "Requests in these batches.",
        _OF_VERSION,
    ),
    Figure.BATCHES_WAITING: Metric(
        "fogline_model_server_batches_waiting", "gauge", "Batches that wait to be run.", _OF_VERSION
    ),
}
CONNECTIONS = Metric(
    "fogline_model_server_connections",
    "gauge",
    "Open connections; those of grpcio are its own affair.",
    ("entrypoint",),
)
CALLS_WAITING = Metric(
    "fogline_model_server_calls_waiting", "gauge", "Requests that wait for a thread, or are in one."
)
INFO = Metric(
    "fogline_model_server_info", "gauge", "1, with the version of this program as a label.", ("version",)
)

METRICS = (
    REQUESTS,
    REQUEST_LATENCY,
    RUNTIME_LATENCY,
    WARMUP_LATENCY,
    LOAD_LATENCY,
    LOAD_FAILURES,
    UNKNOWN_MODELS,
    VERSIONS,
    ENGINES,
    *FIGURES.values(),
    CONNECTIONS,
    CALLS_WAITING,
    INFO,
    *process.METRICS,
)
"""All of them, in the order of the page."""


def page(meter: Meter, catalog: Catalog) -> bytes:
    """Return all figures of this moment."""
    return "\n".join([*_lines(meter, catalog), ""]).encode()


def _lines(meter: Meter, catalog: Catalog) -> Iterator[str]:
    yield from scalars(REQUESTS, meter.requests())
    yield from histograms(REQUEST_LATENCY, meter.request_latencies)
    yield from histograms(RUNTIME_LATENCY, meter.runtime_latencies)
    yield from histograms(WARMUP_LATENCY, meter.warmup_latencies)
    yield from histograms(LOAD_LATENCY, meter.load_latencies)
    yield from scalars(LOAD_FAILURES, meter.load_failures.values())
    yield from scalars(UNKNOWN_MODELS, meter.unknown_models.values() or [((), 0)])
    yield from scalars(VERSIONS, _versions(catalog))
    yield from scalars(ENGINES, _engines(catalog))
    for figure, metric in FIGURES.items():
        yield from scalars(metric, _figures(catalog, figure))
    yield from scalars(CONNECTIONS, [((entry,), read()) for entry, read in meter.connections.items()])
    yield from scalars(CALLS_WAITING, [((), meter.calls_waiting())])
    yield from scalars(INFO, [((__version__,), 1)])
    yield from process.process_lines()


def _versions(catalog: Catalog) -> Iterator[tuple[tuple[str, str], float]]:
    for name, model in catalog.models.items():
        states = Counter(status.state for status in model.statuses)
        for state in State:
            yield (name, state.name), states[state]


def _engines(catalog: Catalog) -> Iterator[tuple[tuple[str, str, str], float]]:
    for name, model in catalog.models.items():
        for version in model.available:
            yield (name, str(version.number), version.engine.name), 1


def _figures(catalog: Catalog, figure: Figure) -> Iterator[tuple[tuple[str, str], float]]:
    for name, model in catalog.models.items():
        for version in model.available:
            figures = version.engine.figures if isinstance(version.engine, Figured) else {}
            if figure in figures:
                yield (name, str(version.number)), figures[figure]
