"""What figures are kept in. Adding to one costs less than a microsecond; text is made when somebody asks."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from threading import Lock

LATENCY_BOUNDS = tuple(10 * 1.8**power for power in range(33))
"""Upper bounds in microseconds, 10 us to 25 min: those of TensorFlow Serving, so that dashboards fit
(tensorflow/serving: servables/tensorflow/util.cc, "Scale of 10, power of 1.8 with bucket count 33")."""

MICROSECONDS = 1e6

Labels = tuple[str, ...]


class Counter:
    """Counts by labels."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[Labels, int] = {}

    def add(self, *labels: str) -> None:
        """Count one more."""
        with self._lock:
            self._counts[labels] = self._counts.get(labels, 0) + 1

    def values(self) -> list[tuple[Labels, int]]:
        """Return the counts, ordered by labels."""
        with self._lock:
            return sorted(self._counts.items())


class Histogram:
    """Latencies of one kind, in microseconds."""

    __slots__ = ("_counts", "_lock", "_sum")

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts = [0] * (len(LATENCY_BOUNDS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Add one latency."""
        microseconds = seconds * MICROSECONDS
        bucket = bisect_left(LATENCY_BOUNDS, microseconds)
        with self._lock:
            self._counts[bucket] += 1
            self._sum += microseconds

    def count(self) -> int:
        """Return how many there were."""
        with self._lock:
            return sum(self._counts)

    def read(self) -> tuple[list[int], float]:
        """Return how many were at most each bound, then how many there were in all, and their sum."""
        with self._lock:
            return list(accumulate(self._counts)), self._sum


class Histograms:
    """Histograms by labels."""

    def __init__(self) -> None:
        self._by_labels: dict[Labels, Histogram] = {}

    def of(self, *labels: str) -> Histogram:
        """Return the histogram with these labels, which there is from now on."""
        return self._by_labels.get(labels) or self._by_labels.setdefault(labels, Histogram())

    def values(self) -> Iterator[tuple[Labels, Histogram]]:
        """Return all of them, ordered by labels."""
        return iter(sorted(self._by_labels.copy().items(), key=lambda item: item[0]))
