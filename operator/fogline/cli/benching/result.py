"""What came of a bench, judged: accuracy against labels, agreement between targets, thresholds. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

from fogline.cli.benching.situation import LOCAL, SERVICE, Place, Target
from fogline.cli.output import Line
from fogline.cli.tables import Column, Kind, Table
from fogline.load.answers import same
from fogline.load.job import Answer, Outcome, Run
from fogline.units import format_usd

SCHEMA = "fogline.dev/bench/v1"
TOLD = (0.5, 0.9, 0.99)
"""Quantiles that tables show."""
_DASH = "-"
_COLUMNS = (
    Column("FROM"),
    Column("TO"),
    Column("PROTOCOL", Kind.WORD),
    *(
        Column(title, Kind.NUMBER)
        for title in ("SENT", "OK/S", "ERRORS", "P50 MS", "P90 MS", "P99 MS", "ACCURACY", "US$/1000")
    ),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One run, where it came from and where it went."""

    place: Place
    target: Target
    run: Run
    outcome: Outcome
    accuracy: float | None
    """Share of the answers that name the label, from 0 to 1; None without labels or readable answers."""

    @property
    def title(self) -> str:
        """What tells it from the others."""
        return f"{self.place.asked} to {self.target.by} {self.target.name} by {self.run.protocol}"

    @property
    def cost_per_1000_requests(self) -> Decimal | None:
        """US dollars: what the replicas cost in the time of 1,000 answers; None without answers."""
        answers_per_hour = Decimal(self.outcome.throughput) * 3600
        return 1000 * self.target.cost_per_hour / answers_per_hour if answers_per_hour else None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two runs answer the same input alike."""

    between: tuple[str, str]
    inputs: int
    """Both answered so many."""
    agree: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a user demands of every run; None for nothing."""

    max_p99_milliseconds: float | None = None
    min_accuracy: float | None = None
    max_errors: int | None = None
    """Requests that failed or were dropped."""

    def missed(self, runs: Iterable[Measured]) -> Iterator[str]:
        """Say which runs miss which."""
        for one in runs:
            p99 = one.outcome.at(0.99)
            if self.max_p99_milliseconds is not None and (p99 is None or p99 > self.max_p99_milliseconds):
                yield f"{one.title}: p99 is {_milliseconds(p99)}, above {self.max_p99_milliseconds:g} ms"
            if self.min_accuracy is not None and (one.accuracy or 0) < self.min_accuracy:
                told = "unknown" if one.accuracy is None else f"{one.accuracy:.4f}"
                yield f"{one.title}: accuracy is {told}, below {self.min_accuracy:g}"
            if self.max_errors is not None and one.outcome.unanswered > self.max_errors:
                unanswered = one.outcome.unanswered
                yield f"{one.title}: {unanswered} requests without an answer, more than {self.max_errors}"


def accuracy(outcome: Outcome, labels: Sequence[Answer]) -> float | None:
    """Give the share of answers that name the label."""
    total = sum(count for _, _, count in outcome.answers)
    if not labels or not total:
        return None
    right = sum(count for number, named, count in outcome.answers if same(named, labels[number]))
    return right / total


def agreements(runs: Sequence[Measured]) -> Iterator[Agreement]:
    """Compare the runs to parts of a model pairwise, those from one place and by one protocol."""
    groups: defaultdict[tuple[str, str, str], list[Measured]] = defaultdict(list)
    for run in runs:
        if run.target.by != SERVICE:
            groups[run.place.asked, run.run.protocol, run.target.by].append(run)
    for group in groups.values():
        for one, other in combinations(group, 2):
            said, said_there = _usual(one.outcome), _usual(other.outcome)
            both = said.keys() & said_there.keys()
            agree = sum(same(said[number], said_there[number]) for number in both)
            yield Agreement((one.title, other.title), len(both), agree)


def document(
    model: str, at: datetime, settings: Mapping[str, Any], runs: Sequence[Measured], missed: Sequence[str]
) -> dict[str, Any]:
    """Write all of it as plain data; docs/bench.md tells what the fields mean."""
    return {
        "schema": SCHEMA,
        "model": model,
        "startedAt": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "settings": dict(settings),
        "runs": [_run(one) for one in runs],
        "agreement": [
            {"between": list(one.between), "inputs": one.inputs, "agree": one.agree}
            for one in agreements(runs)
        ],
        "missed": list(missed),
    }


def _run(one: Measured) -> dict[str, Any]:
    node, outcome, cost = one.place.node, one.outcome, one.cost_per_1000_requests
    return {
        "from": {
            "place": one.place.asked,
            "node": node and node.name,
            "site": node and node.zone,
            "tier": node and node.tier.value,
            "throughTunnel": node is None,
        },
        "to": {
            "by": one.target.by,
            "name": one.target.name,
            "tiers": list(one.target.tiers),
            "replicas": [
                {"pod": it.pod, "variant": it.variant, "node": it.node.name, "site": it.node.zone}
                for it in one.target.replicas
            ],
            "costPerHour": format_usd(one.target.cost_per_hour),
        },
        "protocol": one.run.protocol,
        "scheduled": outcome.scheduled,
        "answered": outcome.answered,
        "failed": dict(outcome.failed),
        "dropped": outcome.dropped,
        "seconds": round(outcome.seconds, 3),
        "throughputPerSecond": round(outcome.throughput, 3),
        "meanMilliseconds": _rounded(outcome.mean_milliseconds),
        "quantiles": [
            {"share": share, "milliseconds": _rounded(value)} for share, value in outcome.quantiles
        ],
        "clientLateMilliseconds": _rounded(outcome.late_milliseconds),
        "accuracy": one.accuracy,
        "answersRead": sum(count for _, _, count in outcome.answers),
        "costPer1000Requests": None if cost is None else format_usd(cost),
    }


def lines(runs: Sequence[Measured], missed: Sequence[str]) -> Iterator[Line]:
    """Write it for people."""
    yield Table(_COLUMNS, list(map(_row, runs)))
    for one in runs:
        yield from _remarks(one)
    for pair in agreements(runs):
        yield f"agreement: {pair.agree} of {pair.inputs} inputs, {pair.between[0]} and {pair.between[1]}"
    if any(one.place.asked == LOCAL for one in runs):
        yield (
            "from local: the way is a tunnel through the API server, which is in these latencies; it leads to"
            " pods, not through the Service"
        )
    yield from (f"missed: {one}" for one in missed)


def _row(one: Measured) -> tuple[str, ...]:
    outcome, cost = one.outcome, one.cost_per_1000_requests
    return (
        one.place.asked,
        f"{one.target.by} {one.target.name}",
        one.run.protocol,
        str(outcome.scheduled),
        f"{outcome.throughput:.1f}",
        str(outcome.unanswered),
        *(_plain(outcome.at(share)) for share in TOLD),
        _DASH if one.accuracy is None else f"{one.accuracy:.4f}",
        _DASH if cost is None else f"{cost:.4f}",
    )


def _remarks(one: Measured) -> Iterator[str]:
    outcome = one.outcome
    kinds = [f"{count} {kind}" for kind, count in outcome.failed.items()]
    kinds += (
        [f"{outcome.dropped} dropped: more than {one.run.in_flight} in flight"] if outcome.dropped else []
    )
    if kinds:
        yield f"{one.title}: {', '.join(kinds)}"
    yield from (f"  {text}" for text in outcome.failures)
    if outcome.unread:
        yield f"{one.title}: answers were not compared: {outcome.unread}"
    if outcome.late_milliseconds > (outcome.at(0.5) or 0):
        yield (
            f"{one.title}: the client itself was late by {outcome.late_milliseconds:.1f} ms (p99): it has too"
            " little CPU for this rate, or the machine is busy"
        )


def _usual(outcome: Outcome) -> dict[int, Answer]:
    """Give what each input was answered with most often."""
    counts: defaultdict[int, Counter[Answer]] = defaultdict(Counter)
    for number, named, count in outcome.answers:
        counts[number][named] += count
    return {number: named.most_common(1)[0][0] for number, named in counts.items()}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _plain(value: float | None) -> str:
    return _DASH if value is None else f"{value:.2f}"


def _milliseconds(value: float | None) -> str:
    return "none, so many got no answer" if value is None else f"{value:.2f} ms"
