"""What Prometheus sees of trainings."""

from datetime import timedelta

import pytest
from tests.support.live import NOW

from fogline.api import RunStatus
from fogline.conditions import Reason
from fogline.metrics.operator import Metrics
from fogline.names import ModelKey
from fogline.runs.tally import Tally
from fogline.training import Progress

DIGITS, SHAPES = ModelKey("shop", "digits"), ModelKey("shop", "shapes")


class Told:
    """A tally, and what is read of it."""

    def __init__(self) -> None:
        self._metrics = Metrics()
        self.tally = Tally(self._metrics)

    def value(self, name: str) -> float | None:
        """Read a series; None when there is none."""
        lines = self._metrics.instruments.page()[0].decode().splitlines()
        return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name} ")), None)

    def ended(self, reason: str) -> float | None:
        """Count the runs that ended for a reason."""
        return self.value(f'fogline_training_runs_total{{reason="{reason}"}}')


@pytest.fixture
def told() -> Told:
    return Told()


def run(number: int, seconds: float | None = None) -> RunStatus:
    """Give a run; without seconds it goes on."""
    end = None if seconds is None else NOW + timedelta(seconds=seconds)
    return RunStatus(number=number, key="k", started_at=NOW, finished_at=end)


def says(rate: str | None) -> Progress:
    return Progress(epoch=1, epochs=40, samples_per_second=rate, loss=None, metric=None)


def test_each_run_that_ends_counts_once_with_its_reason_and_duration(told: Told) -> None:
    told.tally.take(DIGITS, Reason.RUN_UNDERWAY, run(1))
    for _ in range(3):
        told.tally.take(DIGITS, Reason.GATE_REFUSED, run(1, 90))
    told.tally.take(DIGITS, Reason.RUN_UNDERWAY, run(2))
    told.tally.take(DIGITS, Reason.RUN_PUBLISHED, run(2, 30))
    assert (told.ended("GateRefused"), told.ended("RunPublished")) == (1, 1)
    assert told.value("fogline_training_run_seconds_sum") == 120


def test_a_run_that_was_over_before_this_process_began_does_not_count(told: Told) -> None:
    told.tally.take(DIGITS, Reason.RUN_PUBLISHED, run(4, 90))
    assert told.ended("RunPublished") == 0
    told.tally.take(DIGITS, Reason.RUN_PUBLISHED, run(5, 90))
    assert told.ended("RunPublished") == 1


def test_a_run_whose_version_is_on_its_way_counts_once_it_has_arrived(told: Told) -> None:
    told.tally.take(DIGITS, Reason.RUN_UNDERWAY, run(1))
    told.tally.take(DIGITS, Reason.RUN_UNDERWAY, run(1, 90))
    assert told.value("fogline_training_run_seconds_count") == 0
    told.tally.take(DIGITS, Reason.RUN_PUBLISHED, run(1, 90))
    assert (told.ended("RunUnderway"), told.ended("RunPublished")) == (None, 1)
    assert told.value("fogline_training_run_seconds_sum") == 90


def test_trainings_are_counted_by_why_they_are_complete_or_not(told: Told) -> None:
    told.tally.take(DIGITS, Reason.RUN_UNDERWAY, run(1))
    told.tally.take(SHAPES, Reason.INVALID)
    assert told.value('fogline_modeltrainings{reason="Invalid"}') == 1
    told.tally.forget(SHAPES)
    assert told.value('fogline_modeltrainings{reason="Invalid"}') is None
    assert told.value('fogline_modeltrainings{reason="RunUnderway"}') == 1


def test_the_rates_of_trainings_are_added_up_and_those_of_their_workers_are_not(told: Told) -> None:
    """Each worker tells the rate of all workers of its training."""
    told.tally.at_work(DIGITS, [says("1000"), says("990.5"), says(None)])
    told.tally.at_work(SHAPES, [says("10")])
    assert told.value("fogline_training_samples_per_second") == 1010
    assert told.value("fogline_training_workers") == 4
    told.tally.at_work(DIGITS, [])
    told.tally.forget(SHAPES)
    assert told.value("fogline_training_samples_per_second") == 0
    assert told.value("fogline_training_workers") == 0
