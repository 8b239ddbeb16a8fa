"""Tables of figures, as text for a terminal and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.placement.fast_path import FastPath
from bench.placement.goals import judge
from bench.placement.measure import Measured
from bench.placement.results import Case, Results


@dataclass(frozen=True, slots=True)
class Table:
    """A table; all columns but the first are numbers, to the right."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def as_text(self) -> str:
        """Write it for a terminal."""
        lines = (self.header, *self.rows)
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.header))]
        return "\n".join([self.title, *(_aligned(line, widths) for line in lines)])

    def as_markdown(self) -> str:
        """Write it for a page."""
        rule = ("---", *["---:"] * (len(self.header) - 1))
        return "\n".join(["| " + " | ".join(line) + " |" for line in (self.header, rule, *self.rows)])


def summaries(results: Results) -> list[Table]:
    """Give the tables that are not about one instance."""
    found = [_fast_path_table(results.fast_path)] if results.fast_path else []
    return [*found, goal_table(results)] if results.are_made else found


def case_table(case: Case) -> Table:
    """Compare the plans of one instance."""
    size = case.size
    in_place = f", {size.in_place:,} in place" if size.in_place else ""
    title = (
        f"{case.name}: {size.nodes:,} nodes, {size.models} models, {size.replicas:,} replicas"
        f"{in_place}; {size.forced} of them no node could run; bound {case.lower_bound:.2f} $/h"
    )
    header = ("", "above bound", "$/h", "rejected", "extra", "moves", "seconds", "CPU", "MB")
    return Table(title, header, tuple(_plan_row(case, one) for one in case.shown()))


def goal_table(results: Results) -> Table:
    """Say which goals are reached."""
    said = {True: "yes", False: "no"}
    rows = [
        (one.what, one.found, one.must, said[one.meets_must], one.stretch, said[one.meets_stretch])
        for one in judge(results)
    ]
    return Table("goals", ("", "found", "must", "reached", "stretch", "reached"), tuple(rows))


def _plan_row(case: Case, one: Measured) -> tuple[str, ...]:
    above = case.percent_above_bound(one)
    return (
        one.method,
        "-" if above is None else f"{above:.2f} %",
        f"{one.score.cost:.2f}",
        str(one.score.rejected),
        f"{case.extra_rejections(one):+}",
        str(one.score.moves),
        f"{one.seconds:.2f}",
        f"{one.cpu_seconds:.2f}",
        f"{one.megabytes:.0f}",
    )


def _fast_path_table(found: FastPath) -> Table:
    title = (
        f"single decisions: {found.nodes:,} nodes, {found.replicas:,} replicas in place;"
        f" {found.lost:.1f} replicas on a drained node"
    )
    rows = [
        (
            what,
            f"{one.median_milliseconds:.2f}",
            f"{one.p99_milliseconds:.2f}",
            f"{one.p99_cpu_milliseconds:.2f}",
            f"{one.per_second:,.0f}",
        )
        for what, one in (
            ("one replica placed or rejected, with reasons", found.one_replica),
            ("all replicas of one drained node", found.drained_node),
        )
    ]
    return Table(title, ("", "p50 ms", "p99 ms", "p99 CPU ms", "per second"), tuple(rows))


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = line
    cells = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
    return "  ".join((first.ljust(widths[0]), *cells)).rstrip()
