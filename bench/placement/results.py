"""What a run of the benchmark found."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.placement.fast_path import FastPath
from bench.placement.measure import OPTIMISER, Measured, Size
from bench.placement.whole_command import WholeCommand

_BUSY_PERCENT = 3.0
"""More waiting than this comes from other work: files and memory alone make a plan wait for less."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures were measured on."""

    cores: int
    processor: str
    python: str
    load_before: float
    """Processes that wanted a core on average in the minute before the run."""
    load_after: float
    """In the minute before it ended: 1 is this benchmark itself."""
    waited_percent: float
    """Of the seconds that plans took: how long they waited for a core."""
    date: str

    @property
    def was_busy(self) -> bool:
        """Whether other work ran beside the benchmark, so that seconds and milliseconds are too high."""
        return self.waited_percent > _BUSY_PERCENT or max(self.load_before, self.load_after) > self.cores

    def __str__(self) -> str:
        busy = "; other work ran at the same time, so times are too high" if self.was_busy else ""
        return (
            f"{self.cores} cores ({self.processor}), Python {self.python}, {self.date}; load"
            f" {self.load_before:.1f} before and {self.load_after:.1f} at the end{busy}"
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One instance and all plans that were made for it."""

    name: str
    size: Size
    plans: tuple[Measured, ...]

    @property
    def optimised(self) -> Measured:
        """The plan of the optimiser."""
        return next(one for one in self.plans if one.method == OPTIMISER)

    @property
    def best(self) -> Measured:
        """The best plan of all."""
        return min(self.plans, key=lambda one: one.score.rank)

    @property
    def lower_bound(self) -> float:
        """The highest bound that was proven, in US dollars per hour, for plans that reject as little."""
        totals = [one.lower_bound + one.score.penalty for one in self.plans if one.lower_bound is not None]
        return max(totals) - self.best.score.penalty

    def extra_rejections(self, one: Measured) -> int:
        """Count the replicas that a plan rejects more than the best one."""
        return one.score.rejected - self.best.score.rejected

    def percent_above_bound(self, one: Measured) -> float | None:
        """Tell how far a plan is above the bound; None when it rejects more: its cost says nothing then."""
        if round(one.score.penalty - self.best.score.penalty, 3) > 0 or self.lower_bound <= 0:
            return None
        return max(100 * (one.score.cost / self.lower_bound - 1), 0.0)

    def shown(self) -> list[Measured]:
        """Give the plans to show: of those like kube-scheduler only the best one."""
        kube = [one for one in self.plans if one.method.startswith("kube-like")]
        best = min(kube, key=lambda one: one.score.rank, default=None)
        return [one for one in self.plans if one not in kube or one is best]


def waited_percent(cases: Iterable[Case]) -> float:
    """Tell how much of the time of all plans their processes waited for a core."""
    plans = [plan for case in cases for plan in case.plans]
    waited = sum(max(plan.seconds - plan.cpu_seconds, 0.0) for plan in plans)
    return 100 * waited / max(sum(plan.seconds for plan in plans), 1e-9)


@dataclass(frozen=True, slots=True)
class Results:
    """All that a run found."""

    machine: Machine
    cases: tuple[Case, ...]
    fast_path: FastPath | None
    """None where it was not measured."""
    are_made: bool
    """Whether the instances were made from a seed, which is what the goals are about."""
    whole_command: WholeCommand | None = None
    """None where it was not measured."""

    def case(self, name: str) -> Case | None:
        """Find a case."""
        return next((case for case in self.cases if case.name == name), None)
