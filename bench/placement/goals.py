"""The goals of placement on two cores, and whether a run reaches them."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.placement.fast_path import Times
from bench.placement.results import Case, Results
from bench.placement.whole_command import WholeCommand

_EXACT = 0.01
"""Per cent above the bound that count as the optimum."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the table of goals."""

    what: str
    found: str
    must: str
    meets_must: bool
    stretch: str
    meets_stretch: bool


@dataclass(frozen=True, slots=True)
class _Level:
    """How long a plan may take and how far above the bound it may be, without extra rejections."""

    seconds: float
    percent: float

    def __str__(self) -> str:
        how_good = "optimum" if self.percent == _EXACT else f"{self.percent:g} %"
        return f"{self.seconds:g} s, {how_good}"

    def is_met(self, case: Case) -> bool:
        above = case.percent_above_bound(case.optimised)
        return self.is_met_by(case.optimised.seconds, above)

    def is_met_by(self, seconds: float, above: float | None) -> bool:
        return above is not None and above <= self.percent and seconds <= self.seconds


@dataclass(frozen=True, slots=True)
class _Pace:
    """How long the slowest decision of a hundred may take, and how many are made in a second."""

    p99_milliseconds: float
    per_second: int = 0

    def __str__(self) -> str:
        rate = f", {self.per_second:,}/s" if self.per_second else ""
        return f"p99 {self.p99_milliseconds:g} ms{rate}"

    def is_met(self, times: Times) -> bool:
        return times.p99_milliseconds <= self.p99_milliseconds and times.per_second >= self.per_second


_ONE_MUST, _ONE_STRETCH = _Pace(5, 1000), _Pace(1, 5000)
_DRAINED_MUST, _DRAINED_STRETCH = _Pace(50), _Pace(10)
_PLANS = (
    ("rebalance after an event, 5,000 nodes", "large-5000-rebalance", _Level(15, 6), _Level(10, 4)),
    ("from scratch, 5,000 nodes, many small replicas", "large-5000", _Level(60, 5), _Level(30, 3)),
    ("from scratch, 5,000 nodes, few big replicas", "large-5000-big", _Level(60, 10), _Level(30, 6)),
    ("from scratch, 700 nodes", "medium-700", _Level(5, 4), _Level(3, 1.5)),
    ("rebalance, 700 nodes", "medium-700-rebalance", _Level(5, 4), _Level(3, 1.5)),
    ("from scratch, 150 nodes", "small-150", _Level(1, 1), _Level(1, _EXACT)),
    ("rebalance, 150 nodes", "small-150-rebalance", _Level(1, 1), _Level(1, _EXACT)),
    ("from scratch, 15 nodes", "tiny-15", _Level(1, 1), _Level(1, _EXACT)),
    ("rebalance, 15 nodes", "tiny-15-rebalance", _Level(1, 1), _Level(1, _EXACT)),
)
_COMMAND_MUST, _COMMAND_STRETCH = _Level(10, 6), _Level(8, 4)
_LARGE_NODES = 5000
_MUST_MEGABYTES, _STRETCH_MEGABYTES = 600, 300


def judge(results: Results) -> Iterator[Goal]:
    """Compare a run with the goals; those that it did not measure are left out."""
    yield from _fast_path(results)
    for what, name, must, stretch in _PLANS:
        if case := results.case(name):
            found = f"{_seconds(case)}, {_above(case)}"
            yield Goal(what, found, str(must), must.is_met(case), str(stretch), stretch.is_met(case))
    if command := results.whole_command:
        yield _of_command(command)
    large = [case.optimised.megabytes for case in results.cases if case.size.nodes >= _LARGE_NODES]
    if large:
        most = max(large)
        yield Goal(
            "memory, 5,000 nodes",
            f"{most:.0f} MB",
            f"{_MUST_MEGABYTES} MB",
            most <= _MUST_MEGABYTES,
            f"{_STRETCH_MEGABYTES} MB",
            most <= _STRETCH_MEGABYTES,
        )


def _fast_path(results: Results) -> Iterator[Goal]:
    if not results.fast_path:
        return
    one, drained = results.fast_path.one_replica, results.fast_path.drained_node
    yield Goal(
        "one replica placed or rejected with reasons, 5,000 nodes",
        f"{_milliseconds(one)}, {one.per_second:,.0f}/s",
        str(_ONE_MUST),
        _ONE_MUST.is_met(one),
        str(_ONE_STRETCH),
        _ONE_STRETCH.is_met(one),
    )
    yield Goal(
        "all replicas of one drained node, 5,000 nodes",
        _milliseconds(drained),
        str(_DRAINED_MUST),
        _DRAINED_MUST.is_met(drained),
        str(_DRAINED_STRETCH),
        _DRAINED_STRETCH.is_met(drained),
    )


def _of_command(found: WholeCommand) -> Goal:
    above = "no bound" if found.gap_percent is None else f"{found.gap_percent:.2f} %"
    return Goal(
        "`fogline plan --optimise` on a dump of 5,000 nodes",
        f"{found.seconds:.1f} s ({found.cpu_seconds:.1f} s CPU), {above}",
        str(_COMMAND_MUST),
        _COMMAND_MUST.is_met_by(found.seconds, found.gap_percent),
        str(_COMMAND_STRETCH),
        _COMMAND_STRETCH.is_met_by(found.seconds, found.gap_percent),
    )


def _milliseconds(times: Times) -> str:
    return f"p99 {times.p99_milliseconds:.1f} ms ({times.p99_cpu_milliseconds:.1f} ms CPU)"


def _seconds(case: Case) -> str:
    return f"{case.optimised.seconds:.1f} s ({case.optimised.cpu_seconds:.1f} s CPU)"


def _above(case: Case) -> str:
    above = case.percent_above_bound(case.optimised)
    extra = case.extra_rejections(case.optimised)
    return f"{extra} extra rejections" if above is None else f"{above:.2f} %"
