"""What Prometheus sees of the collector."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from fogline.collector.answer import Answered, Figures
from fogline.collector.exposition import Refusal
from fogline.metrics.instruments import Described, Instruments, Reading

_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
READ = "Read"
"""Result of a scrape that went well."""

_Values = Callable[[Figures], Iterator[Reading]]
"""Gives the values of one metric: the labels besides those of the group, and the number."""


def _single(read: Callable[[Figures], float | None]) -> _Values:
    def values(figures: Figures) -> Iterator[Reading]:
        if (value := read(figures)) is not None:
            yield (), value

    return values


def _latencies(figures: Figures) -> Iterator[Reading]:
    if latency := figures.latency_milliseconds:
        for quantile, value in (("0.5", latency.p50), ("0.9", latency.p90), ("0.99", latency.p99)):
            yield (quantile,), value / 1000


_MEASURES: Sequence[tuple[str, str, tuple[str, ...], _Values]] = (
    (
        "requests_per_second",
        "Requests for inference per second within the window",
        (),
        _single(lambda one: one.throughput_per_second),
    ),
    (
        "error_ratio",
        "Share of requests within the window that ended with another status than OK",
        (),
        _single(lambda one: one.error_rate),
    ),
    (
        "latency_seconds",
        "Quantiles of the time to answer requests within the window",
        ("quantile",),
        _latencies,
    ),
    (
        "cpu_utilisation_ratio",
        "Cores that model servers use, of what their pods request",
        (),
        _single(lambda one: one.cpu.of_requested),
    ),
    (
        "memory_utilisation_ratio",
        "Resident memory of model servers, of what their pods request",
        (),
        _single(lambda one: one.memory.of_requested),
    ),
)
_OF_MODEL = ("modeldeployment_namespace", "modeldeployment")
OTHERS = ("", "other")
"""Stands for the models that have no metrics of their own; no namespace has an empty name."""


class CollectorMetrics:
    """The metrics of one collector process.

    Parameters
    ----------
    figures
        Gives the present ones.
    others
        Gives the figures of all models but these together; None where there is no other one.
    most_named
        How many models have metrics of their own, those with the most requests; None: none have.
    """

    def __init__(
        self,
        figures: Callable[[], Answered],
        others: Callable[[frozenset[str]], Figures | None],
        most_named: int | None = None,
    ) -> None:
        self._figures = figures
        self._others = others
        self._most_named = most_named
        self.instruments = make = Instruments()
        self.rounds = make.histogram(
            "fogline_collector_round_seconds",
            "Duration of one round of scrapes of all model servers.",
            _SECONDS,
        )
        self._scrapes = make.counter(
            "fogline_collector_scrapes_total",
            "Scrapes of model servers, by result: Read, or why the page was not used.",
            "result",
        )
        for result in (READ, *Refusal):
            self._scrapes.labels(str(result))
        self.probe_failures = make.counter(
            "fogline_collector_probe_failures_total",
            "Rounds of a probe that gave no answer that can be used.",
        )
        self.latencies_written = make.counter(
            "fogline_collector_latencies_written_total",
            "Measured latencies that changed what decisions see.",
        )
        make.read(
            Described(
                "fogline_collector_pods",
                "gauge",
                "Pods of models, by state: answering, silent, or left out because there are too many.",
                ("state",),
            ),
            self._pods,
        )
        make.read(
            Described(
                "fogline_collector_covered_seconds",
                "gauge",
                "How much of its window this process has seen: less after a restart.",
            ),
            lambda: [((), figures().covered_seconds)],
        )
        for name, text, labels, values in _MEASURES:
            self._read(
                f"fogline_collector_{name}", f"{text}, by tier.", ("tier", *labels), self._tiers, values
            )
            self._read(
                f"fogline_collector_modeldeployment_{name}",
                f"{text}, by ModelDeployment; only with FOGLINE_METRICS_MODELS.",
                (*_OF_MODEL, *labels),
                self._models,
                values,
            )

    def scraped(self, result: str) -> None:
        """Count a scrape: `READ`, or a `Refusal`."""
        self._scrapes.labels(result).inc()

    def _read(
        self,
        name: str,
        text: str,
        labels: tuple[str, ...],
        groups: Callable[[], Iterable[tuple[tuple[str, ...], Figures]]],
        values: _Values,
    ) -> None:
        def readings() -> Iterator[Reading]:
            for own, figures in groups():
                yield from (((*own, *more), value) for more, value in values(figures))

        self.instruments.read(Described(name, "gauge", text, labels), readings)

    def _pods(self) -> list[Reading]:
        pods = self._figures().pods
        return [
            (("answering",), pods.answering),
            (("silent",), pods.known - pods.answering),
            (("left out",), pods.left_out),
        ]

    def _tiers(self) -> list[tuple[tuple[str, ...], Figures]]:
        return [((tier,), figures) for tier, figures in self._figures().tiers.items()]

    def _models(self) -> Iterator[tuple[tuple[str, ...], Figures]]:
        if self._most_named is None:
            return
        models = self._figures().models
        named = busiest(models, self._most_named)
        for name in named:
            namespace, _, model = name.partition("/")
            yield (namespace, model), models[name]
        if rest := self._others(frozenset(named)):
            yield OTHERS, rest


def busiest(models: Mapping[str, Figures], most: int) -> list[str]:
    """Name the models with the most requests."""
    return sorted(models, key=lambda name: (-models[name].requests, name))[:most]
