"""Makes the instruments of a process, knows what each is called, and writes them all down."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from fogline import __version__

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series of each, which Prometheus ignores

Reading = tuple[tuple[str, ...], float]
"""The values of the labels of one series, and its value now."""


@dataclass(frozen=True, slots=True)
class Described:
    """A metric as documentation shows it, and as `Instruments.read` writes it."""

    name: str
    kind: str
    """``counter``, ``gauge`` or ``histogram``."""
    help: str
    labels: tuple[str, ...] = ()


PROCESS = (
    Described("process_cpu_seconds_total", "counter", "User and system processor time."),
    Described("process_resident_memory_bytes", "gauge", "Resident memory."),
    Described("process_virtual_memory_bytes", "gauge", "Virtual memory."),
    Described("process_open_fds", "gauge", "Open file descriptors."),
    Described("process_max_fds", "gauge", "Most file descriptors that may be open."),
    Described("process_start_time_seconds", "gauge", "When the process started, in seconds since 1970."),
)
"""What the client library tells of any process; only where there is /proc."""


class Instruments:
    """All metrics of one process. Labels hold words of ours only, never names that users chose."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.described: list[Described] = []
        """All of them, in the order in which they were made."""
        ProcessCollector(registry=self._registry)
        self.described += PROCESS
        self.gauge("fogline_build_info", "1, with the version of this program.", "version").labels(
            __version__
        ).set(1)

    def counter(self, name: str, help_: str, *labels: str) -> Counter:
        """Make a counter; its name ends in ``_total``."""
        self.described.append(Described(name, "counter", help_, labels))
        return Counter(name, help_, labels, registry=self._registry)

    def gauge(self, name: str, help_: str, *labels: str) -> Gauge:
        """Make a gauge."""
        self.described.append(Described(name, "gauge", help_, labels))
        return Gauge(name, help_, labels, registry=self._registry)

    def histogram(self, name: str, help_: str, bounds: Sequence[float], *labels: str) -> Histogram:
        """Make a histogram with the upper bounds of its buckets."""
        self.described.append(Described(name, "histogram", help_, labels))
        return Histogram(name, help_, labels, registry=self._registry, buckets=bounds)

    def read(self, gauge: Described, readings: Callable[[], Iterable[Reading]]) -> None:
        """Add a gauge whose series are read when somebody asks; there may be none."""
        self.described.append(gauge)
        self._registry.register(_Read(gauge, readings))

    def page(self, accept: str = "") -> tuple[bytes, str]:
        """Write all metrics; returns the page and its content type.

        Parameters
        ----------
        accept
            The header of that name: who accepts OpenMetrics gets it, others the text format of Prometheus.
        """
        write, content_type = choose_encoder(accept)
        return write(self._registry), content_type


class _Read(Collector):
    def __init__(self, gauge: Described, readings: Callable[[], Iterable[Reading]]) -> None:
        self._gauge = gauge
        self._readings = readings

    def collect(self) -> Iterable[GaugeMetricFamily]:
        gauge = self._gauge
        family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
        for labels, value in self._readings():
            family.add_metric(labels, value)
        yield family
