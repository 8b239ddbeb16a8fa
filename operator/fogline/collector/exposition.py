"""Reads the page of a model server piece by piece. A page is hostile until it is read."""

import math
from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from fogline.collector.formulas import LATENCY_BOUNDS_MICROSECONDS
from fogline.collector.reading import Reading

MOST_PAGE_BYTES = 2 * 1024**2
MOST_LINE_BYTES = 1024
"""Of a line that is looked at. Ours have less than 200."""
MOST_SAMPLES = 600
"""Lines that are looked at. A server that is asked by each of four APIs through both entry points has 320."""
MOST_VALUE = 2.0**53
"""Above this numbers do not count one by one any more."""

REQUESTS = ":tensorflow:serving:request_count"
LATENCY = ":tensorflow:serving:request_latency"
LOAD = "fogline_model_server_load_latency"
CPU = "process_cpu_seconds_total"
MEMORY = "process_resident_memory_bytes"
START = "process_start_time_seconds"

_BUCKET, _SUM = f"{LATENCY}_bucket", f"{LATENCY}_sum"
_WANTED = tuple(
    name.encode() for name in (REQUESTS, _BUCKET, _SUM, f"{LOAD}_sum", f"{LOAD}_count", CPU, MEMORY, START)
)
_OK = "OK"
_NUMBERS = {f"{bound:g}": number for number, bound in enumerate((*LATENCY_BOUNDS_MICROSECONDS, math.inf))}
"""The place of each bucket, by its bound with six digits, as servers write it."""


class Refusal(StrEnum):
    """Why the page of a pod is not used."""

    NOT_REACHED = "NotReached"
    """Nothing listens there, or the network does not let us through."""
    TOO_SLOW = "TooSlow"
    """The page was not there in time."""
    BAD_ANSWER = "BadAnswer"
    """The answer is no page: another status than 200, or a coded body."""
    TOO_LARGE = "TooLarge"
    """The page, a line of it or the number of its series is above a limit."""
    UNREADABLE = "Unreadable"
    """A line is none of the text format."""
    BAD_VALUE = "BadValue"
    """A value is negative, no number, or too large to count by."""
    UNKNOWN_BUCKETS = "UnknownBuckets"
    """Latencies are in other buckets than TensorFlow Serving's, so they cannot be added up."""


class RefusedPageError(Exception):
    """A page is not used.

    Parameters
    ----------
    reason
        Which rule it breaks.
    message
        The same for people; nothing of the page is in it.
    """

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class PageReader:
    """Takes a page as it comes, and keeps only the lines that are wanted.

    Comments are not kept, so no page can say what type a metric has. Nothing here takes time or memory that
    grows faster than the page, and the page has a limit.
    """

    def __init__(self) -> None:
        self._bytes = 0
        self._rest = b""
        self._skips = False
        """Whether the line that is underway is not wanted."""
        self._lines: list[bytes] = []

    def feed(self, piece: bytes) -> None:
        """Take a piece.

        Raises
        ------
        RefusedPageError
            The page is above a limit.
        """
        self._bytes += len(piece)
        if self._bytes > MOST_PAGE_BYTES:
            raise RefusedPageError(Refusal.TOO_LARGE, f"the page has more than {MOST_PAGE_BYTES} bytes")
        *complete, rest = piece.split(b"\n")
        for line in complete:
            self._take(self._rest + line)
            self._rest, self._skips = b"", False
        if not self._skips:
            self._rest += rest
            self._look_ahead()

    def end(self) -> Reading:
        """Read what was kept.

        Raises
        ------
        RefusedPageError
            A line cannot be read, or says what cannot be.
        """
        self._take(self._rest)
        try:
            text = b"\n".join(self._lines).decode()
            samples = [
                one for family in text_string_to_metric_families(text + "\n") for one in family.samples
            ]
        except (ValueError, IndexError, KeyError) as error:
            raise RefusedPageError(Refusal.UNREADABLE, "a line is none of the text format") from error
        return _reading(samples)

    def _look_ahead(self) -> None:
        """Drop a line that is not wanted before it has come to its end: it may have none."""
        if len(self._rest) > MOST_LINE_BYTES:
            if self._rest.startswith(_WANTED):
                raise RefusedPageError(Refusal.TOO_LARGE, f"a line has more than {MOST_LINE_BYTES} bytes")
            self._rest, self._skips = b"", True

    def _take(self, line: bytes) -> None:
        if self._skips or not line.startswith(_WANTED):
            return
        if len(line) > MOST_LINE_BYTES:
            raise RefusedPageError(Refusal.TOO_LARGE, f"a line has more than {MOST_LINE_BYTES} bytes")
        if len(self._lines) >= MOST_SAMPLES:
            raise RefusedPageError(Refusal.TOO_LARGE, f"there are more than {MOST_SAMPLES} series")
        self._lines.append(line)


def _reading(samples: list[Sample]) -> Reading:
    totals: defaultdict[str, float] = defaultdict(float)
    cumulative = [0.0] * len(_NUMBERS)
    for sample in samples:
        if not 0 <= sample.value <= MOST_VALUE:
            raise RefusedPageError(
                Refusal.BAD_VALUE, f"a value of {_known(sample.name)} is none from 0 to 2^53"
            )
        if sample.name == _BUCKET:
            cumulative[_number(sample.labels)] += sample.value
        elif sample.name == REQUESTS:
            totals["ok" if sample.labels.get("status") == _OK else "failed"] += sample.value
        else:
            totals[sample.name] += sample.value
    buckets = _each_by_itself(cumulative)
    loads = totals[f"{LOAD}_count"]
    return Reading(
        ok=totals["ok"],
        failed=totals["failed"],
        buckets=buckets,
        latency_microseconds=totals[_SUM],
        load_microseconds=totals[f"{LOAD}_sum"] / loads if loads else None,
        cpu_seconds=totals.get(CPU),
        memory_bytes=totals.get(MEMORY),
        started_at=totals.get(START),
    )


def _number(labels: Mapping[str, str]) -> int:
    try:
        return _NUMBERS[f"{float(labels['le']):g}"]
    except (KeyError, ValueError) as error:
        raise RefusedPageError(
            Refusal.UNKNOWN_BUCKETS, "latencies are in other buckets than TensorFlow Serving's"
        ) from error


def _each_by_itself(cumulative: list[float]) -> tuple[float, ...]:
    counts = tuple(after - before for before, after in zip([0.0, *cumulative], cumulative, strict=False))
    if min(counts) < 0:
        raise RefusedPageError(Refusal.BAD_VALUE, "a bucket of latencies holds less than the one below it")
    return counts


def _known(name: str) -> str:
    """Name a metric in words of ours: the line may begin like one of them and go on otherwise."""
    return next((one.decode() for one in _WANTED if name == one.decode()), "a metric")
