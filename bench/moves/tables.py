"""The figures of the simulation as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

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


def comparison(outcomes: Sequence[Outcome]) -> Table:
    """Compare the ways."""
    rows = {
        "cost, US dollars": [f"{one.total.us_dollars:,.0f}" for one in outcomes],
        "replica-seconds missing, of a million": [
            f"{1e6 * one.total.missing_seconds / one.total.wanted_seconds:,.0f}" for one in outcomes
        ],
        "served within the latency target": [
            f"{100 * one.total.near_seconds / one.total.serving_seconds:.1f} %" for one in outcomes
        ],
        "moved or evicted by decision, per replica and day": [
            f"{_per_replica_day(one, one.moves):.3f}" for one in outcomes
        ],
        "pods started, per replica and day": [
            f"{_per_replica_day(one, one.total.started):.3f}" for one in outcomes
        ],
        "promises broken": [str(len(one.breaches)) if one.is_judged else "not judged" for one in outcomes],
        "seconds of one core": [f"{one.cpu_seconds:.0f}" for one in outcomes],
    }
    header = ("", *(one.name for one in outcomes))
    return Table("what they come to", header, tuple((name, *cells) for name, cells in rows.items()))


def causes(outcome: Outcome) -> str:
    """Say what the moves answered to that save money, the most frequent cause first."""
    told = "; ".join(f"{cause}: {count:,}" for cause, count in outcome.causes.most_common())
    return f"{outcome.causes.total():,} moves to save money, and what had changed before: {told or 'none'}"


def _per_replica_day(one: Outcome, count: int) -> float:
    return count * 86_400 / one.total.wanted_seconds
