"""The figures of the simulation as tables and sentences."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.moves.account import Totals
from bench.moves.simulate import Outcome
from bench.placement.tables import Table


@dataclass(frozen=True, slots=True)
class Size:
    """How large the simulation is."""

    days: int
    nodes: int
    models: int
    replicas: int
    happenings: int

    def text(self) -> str:
        """Say it in one line."""
        return (
            f"{self.days} days, {self.nodes} nodes, {self.models} models, {self.replicas:,} replicas at"
            f" first, {self.happenings:,} failures, cuts, drains, new prices and changes of demand"
        )


@dataclass(frozen=True, slots=True)
class Results:
    """All that a run of the simulation found."""

    size: Size
    outcomes: Sequence[Outcome]
    """Of each way, Fogline with its moves first."""
    seconds: float
    """That the whole run took, by the clock."""

    def tables(self) -> Iterator[Table]:
        """Compare the ways; if one was simulated for fewer days, over those days besides."""
        yield comparison(self.outcomes)
        days = [len(one.days) for one in self.outcomes]
        if min(days) < max(days):
            yield first_days(self.outcomes, min(days))

    def as_text(self) -> str:
        """Write them for a terminal."""
        tables = "\n\n".join(table.as_text() for table in self.tables())
        return f"{self.size.text()}\n\n{tables}\n\n{causes(self.outcomes[0])}\n{self._took()}"

    def as_markdown(self) -> str:
        """Write them for a page."""
        tables = "\n\n".join(f"{table.title}:\n\n{table.as_markdown()}" for table in self.tables())
        return f"{self.size.text()}.\n\n{tables}\n\n{causes(self.outcomes[0])}.\n\n{self._took()}."

    def _took(self) -> str:
        return f"the whole run took {self.seconds:.0f} seconds on {os.cpu_count()} cores"


def comparison(outcomes: Sequence[Outcome]) -> Table:
    """Compare the ways, each over all of its days."""
    rows = (
        ("days", *(str(len(one.days)) for one in outcomes)),
        *_rows([one.total for one in outcomes], [len(one.days) for one in outcomes]),
        (
            "moved or evicted by decision, per replica and day",
            *(f"{_per_replica_day(one.total, one.moves):.3f}" for one in outcomes),
        ),
        ("promises broken", *(str(len(one.breaches)) if one.is_judged else "not judged" for one in outcomes)),
        ("seconds of one core", *(f"{one.cpu_seconds:.0f}" for one in outcomes)),
    )
    return Table("what they come to", ("", *(one.name for one in outcomes)), rows)


def first_days(outcomes: Sequence[Outcome], days: int) -> Table:
    """Compare the ways over the same days, so many from the first one on."""
    rows = _rows([one.days[days - 1] for one in outcomes], [days] * len(outcomes))
    return Table(f"up to the end of day {days}", ("", *(one.name for one in outcomes)), rows)


def causes(outcome: Outcome) -> str:
    """Say what the moves answered to that save money, the most frequent cause first."""
    told = "; ".join(f"{cause}: {count:,}" for cause, count in outcome.causes.most_common())
    return f"{outcome.causes.total():,} moves to save money, and what had changed before: {told or 'none'}"


def _rows(sums: Sequence[Totals], days: Sequence[int]) -> tuple[tuple[str, ...], ...]:
    """Give what can be said of any days."""
    return (
        (
            "US dollars per day",
            *(f"{one.us_dollars / number:,.0f}" for one, number in zip(sums, days, strict=True)),
        ),
        (
            "and what latency above the target counts for",
            *(f"{one.penalty / number:,.0f}" for one, number in zip(sums, days, strict=True)),
        ),
        (
            "replica-seconds missing, of a million",
            *(f"{1e6 * one.missing_seconds / one.wanted_seconds:,.0f}" for one in sums),
        ),
        (
            "served within the latency target",
            *(f"{100 * one.near_seconds / one.serving_seconds:.1f} %" for one in sums),
        ),
        (
            "pods started, per replica and day",
            *(f"{_per_replica_day(one, one.started):.3f}" for one in sums),
        ),
    )


def _per_replica_day(total: Totals, count: int) -> float:
    return count * 86_400 / total.wanted_seconds
