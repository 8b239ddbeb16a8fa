"""What Prometheus sees of the collector."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from fogline.collector.answer import Answered, Figures, Revision, RoundTrip
from fogline.collector.exposition import Refusal
from fogline.metrics.instruments import Described, Instruments, Reading

_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
READ = "Read"
"""Result of a scrape that went well."""

T = TypeVar("T")
_Values = Callable[[T], Iterator[Reading]]
"""Gives the values of one metric: the labels besides those of the group, and the number."""
_Measure = tuple[str, str, tuple[str, ...], _Values[Figures]]
"""Name, what it is, labels, and values."""


def _single(read: Callable[[T], float | None]) -> _Values[T]:
    def values(found: T) -> Iterator[Reading]:
        if (value := read(found)) is not None:
            yield (), value

    return values


def _latencies(figures: Figures) -> Iterator[Reading]:
    if latency := figures.latency_milliseconds:
        for quantile, value in (("0.5", latency.p50), ("0.9", latency.p90), ("0.99", latency.p99)):
            yield (quantile,), value / 1000


def _agreement(revision: Revision) -> float | None:
    found = revision.agreement
    return found.alike / found.samples if found and found.samples else None


_TRAFFIC: Sequence[_Measure] = (
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
)
_OF_REQUESTED: Sequence[_Measure] = (
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
_OF_ALLOCATABLE: Sequence[_Measure] = (
    (
        "cpu_utilisation_ratio",
        "Cores that model servers use, of what is allocatable",
        (),
        _single(lambda one: one.cpu.of_allocatable),
    ),
    (
        "memory_utilisation_ratio",
        "Resident memory of model servers, of what is allocatable",
        (),
        _single(lambda one: one.memory.of_allocatable),
    ),
)
_WITH_MODELS, _WITH_NODES = "only with FOGLINE_METRICS_MODELS", "only with FOGLINE_METRICS_NODES"
_OF_MODEL = ("modeldeployment_namespace", "modeldeployment")
_OF_REVISION = (*_OF_MODEL, "variant", "version", "revision")
_OF_WAY = ("client_site", "site")
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
    late_seconds
        Gives for how long a round of scrapes should have ended.
    most_models, most_nodes
        How many models, and how many nodes and sites, have metrics of their own, those with the most
        requests; None: none have.
    """

    def __init__(
        self,
        figures: Callable[[], Answered],
        others: Callable[[frozenset[str]], Figures | None],
        late_seconds: Callable[[], float],
        *,
        most_models: int | None = None,
        most_nodes: int | None = None,
    ) -> None:
        self._figures = figures
        self._others = others
        self._most_models = most_models
        self._most_nodes = most_nodes
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
        make.read(
            Described(
                "fogline_collector_late_seconds",
                "gauge",
                "For how long a round of scrapes should have ended; 0 while rounds keep their pace.",
            ),
            lambda: [((), late_seconds())],
        )
        make.read(
            Described(
                "fogline_collector_ways",
                "gauge",
                "Ways from a client site to a site, by state: measured, or not reached by the last round.",
                ("state",),
            ),
            self._ways,
        )
        own = (*_TRAFFIC, *_OF_REQUESTED)
        self._read_all("", "by tier", ("tier",), self._tiers, own)
        self._read_all(
            "modeldeployment_", f"by ModelDeployment; {_WITH_MODELS}", _OF_MODEL, self._models, own
        )
        self._read_all(
            "revision_",
            f"by the template of pods; {_WITH_MODELS}",
            _OF_REVISION,
            lambda: ((labels, one.figures) for labels, one in self._revisions()),
            _TRAFFIC,
        )
        self._read(
            "revision_agreement_ratio",
            f"Share of the samples that a new version answered as the old one did; {_WITH_MODELS}.",
            _OF_REVISION,
            self._revisions,
            _single(_agreement),
        )
        self._read_all("site_", f"by site; {_WITH_NODES}", ("site",), self._sites, _TRAFFIC)
        self._read_all("node_", f"by node; {_WITH_NODES}", ("node",), self._nodes, _OF_ALLOCATABLE)
        self._read(
            "round_trip_seconds",
            f"Round trip from a client site to a site, as the last round measured it; {_WITH_NODES}.",
            _OF_WAY,
            self._round_trips,
            _single(lambda one: _seconds(one.milliseconds)),
        )
        self._read(
            "round_trip_written_seconds",
            f"Round trip that the measured NodeProfile says; {_WITH_NODES}.",
            _OF_WAY,
            self._round_trips,
            _single(lambda one: _seconds(one.written_milliseconds)),
        )

    def scraped(self, result: str) -> None:
        """Count a scrape: `READ`, or a `Refusal`."""
        self._scrapes.labels(result).inc()

    def _read_all(
        self,
        prefix: str,
        group: str,
        labels: tuple[str, ...],
        found: Callable[[], Iterable[tuple[tuple[str, ...], Figures]]],
        measures: Iterable[_Measure],
    ) -> None:
        for name, text, more, values in measures:
            self._read(f"{prefix}{name}", f"{text}, {group}.", (*labels, *more), found, values)

    def _read(
        self,
        name: str,
        text: str,
        labels: tuple[str, ...],
        found: Callable[[], Iterable[tuple[tuple[str, ...], T]]],
        values: _Values[T],
    ) -> None:
        def readings() -> Iterator[Reading]:
            for own, one in found():
                yield from (((*own, *more), value) for more, value in values(one))

        self.instruments.read(Described(f"fogline_collector_{name}", "gauge", text, labels), readings)

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
        if self._most_models is None:
            return
        models = self._figures().models
        named = busiest(models, self._most_models)
        for name in named:
            yield _parts(name), models[name]
        if rest := self._others(frozenset(named)):
            yield OTHERS, rest

    def _revisions(self) -> Iterator[tuple[tuple[str, ...], Revision]]:
        found = self._figures()
        named = {_parts(name) for name in busiest(found.models, self._most_models)}
        for one in found.revisions:
            if (one.namespace, one.model) in named:
                yield (one.namespace, one.model, one.variant, one.version, one.revision), one

    def _sites(self) -> list[tuple[tuple[str, ...], Figures]]:
        sites = self._figures().sites
        return [((name,), sites[name]) for name in busiest(sites, self._most_nodes)]

    def _nodes(self) -> list[tuple[tuple[str, ...], Figures]]:
        nodes = self._figures().nodes
        return [((name,), nodes[name]) for name in busiest(nodes, self._most_nodes)]

    def _ways(self) -> list[Reading]:
        trips = self._figures().round_trips
        reached = sum(one.milliseconds is not None for one in trips)
        return [(("measured",), reached), (("not reached",), len(trips) - reached)]

    def _round_trips(self) -> list[tuple[tuple[str, ...], RoundTrip]]:
        found = self._figures()
        sites = set(busiest(found.sites, self._most_nodes))
        return [((one.client_site, one.site), one) for one in found.round_trips if one.site in sites]


def busiest(groups: Mapping[str, Figures], most: int | None) -> list[str]:
    """Name the groups with the most requests; None: name none."""
    return sorted(groups, key=lambda name: (-groups[name].requests, name))[: most or 0]


def _parts(model: str) -> tuple[str, str]:
    namespace, _, name = model.partition("/")
    return namespace, name


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
