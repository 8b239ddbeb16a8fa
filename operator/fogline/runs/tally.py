"""Adds up what trainings do."""

from collections import Counter
from collections.abc import Collection

from fogline.api import RunStatus
from fogline.conditions import Reason
from fogline.metrics.operator import Metrics
from fogline.names import ModelKey
from fogline.training import Progress


class Tally:
    """Figures of all trainings together, for Prometheus."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._reasons: dict[ModelKey, str] = {}
        """By training: the reason of Complete."""
        self._over: dict[ModelKey, int] = {}
        """By training: the number of the last run whose end is counted, or was known at the start."""
        self._working: dict[ModelKey, Collection[Progress]] = {}
        """By training: what its workers say while they train."""

    def take(self, key: ModelKey, reason: Reason, run: RunStatus | None = None) -> None:
        """Take in what a pass saw. A run that was over when first seen does not count as one that ends.

        Nor does, until it has arrived, one whose version is on its way into the ModelDeployment.

        Parameters
        ----------
        reason
            Why the run is complete or not.
        run
            As it is stored; None where that cannot be read.
        """
        self._reasons[key] = reason
        self._show_reasons()
        if run is None:
            return
        number = run.number if run.finished_at else 0
        if number <= self._over.setdefault(key, number) or reason is Reason.RUN_UNDERWAY:
            return
        self._over[key] = number
        self._metrics.training_runs.labels(reason).inc()
        if run.started_at and run.finished_at:
            self._metrics.training_run_seconds.observe((run.finished_at - run.started_at).total_seconds())

    def at_work(self, key: ModelKey, said: Collection[Progress]) -> None:
        """Take in what the workers of a training say; nobody says anything when none is there."""
        self._working.pop(key, None)
        if said:
            self._working[key] = said
        self._show_work()

    def forget(self, key: ModelKey) -> None:
        """Drop what is known of a training that is gone."""
        for known in (self._reasons, self._over, self._working):
            known.pop(key, None)
        self._show_reasons()
        self._show_work()

    def _show_reasons(self) -> None:
        gauge = self._metrics.trainings
        gauge.clear()
        for reason, count in Counter(self._reasons.values()).items():
            gauge.labels(reason).set(count)

    def _show_work(self) -> None:
        """Each worker tells the rate of all workers of its training together."""
        rates = (max(float(one.samples_per_second or 0) for one in said) for said in self._working.values())
        self._metrics.training_workers.set(sum(map(len, self._working.values())))
        self._metrics.training_rate.set(sum(rates))
