"""Figures of all models together, kept up to date pass by pass: to read them goes through no models."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from fogline.api import Condition, Tier
from fogline.metrics.figures import LatencyOutcome, ModelFigures, judged
from fogline.metrics.instruments import Described, Reading
from fogline.names import ModelKey

COST = Described(
    "fogline_cost_dollars_per_hour",
    "gauge",
    "US dollars per hour that replicas cost, by the tier of their nodes; the sum of status.costPerHour.",
    ("tier",),
)
DESIRED = Described("fogline_replicas_desired", "gauge", "Replicas assigned to nodes, by tier.", ("tier",))
READY = Described("fogline_replicas_ready", "gauge", "Replicas that serve, by tier.", ("tier",))
GATED = Described(
    "fogline_replicas_gated", "gauge", "Replicas that wait with a scheduling gate, ours or another one."
)
LATENCY = Described(
    "fogline_latency_target_replicas",
    "gauge",
    "Replicas of models with a latency target, by outcome: met, missed, unknown.",
    ("outcome",),
)
CONDITIONS = Described(
    "fogline_modeldeployment_conditions",
    "gauge",
    "ModelDeployments by type, status and reason of each of their conditions.",
    ("type", "status", "reason"),
)
SUMS = (COST, DESIRED, READY, GATED, LATENCY, CONDITIONS)
MODEL_COST = Described(
    "fogline_modeldeployment_cost_dollars_per_hour",
    "gauge",
    "US dollars per hour that the replicas of one ModelDeployment cost; only with FOGLINE_METRICS_MODELS.",
    ("modeldeployment_namespace", "modeldeployment"),
)
UNNAMED = Described(
    "fogline_modeldeployments_without_metrics",
    "gauge",
    "ModelDeployments that have no metrics of their own because FOGLINE_METRICS_MODELS others have.",
)


class _Series(NamedTuple):
    metric: str
    labels: tuple[str, ...] = ()


_ALWAYS = (
    *(_Series(metric.name, (tier.value,)) for metric in (COST, DESIRED, READY) for tier in Tier),
    *(_Series(LATENCY.name, (outcome.value,)) for outcome in LatencyOutcome),
    _Series(GATED.name),
)
"""Series that are there at 0 too: what is missing cannot be told from what is not measured."""


class Fleet:
    """Sums over the models as they were when each was passed last.

    Parameters
    ----------
    most_named
        How many models are told apart by namespace and name, the first that come; None: none are.
    """

    def __init__(self, most_named: int | None = None) -> None:
        self._most_named = most_named
        self._figures: dict[ModelKey, ModelFigures] = {}
        self._sums: dict[_Series, Decimal] = dict.fromkeys(_ALWAYS, Decimal(0))
        self._named: dict[ModelKey, Decimal] = {}

    def put(self, model: ModelKey, figures: ModelFigures) -> None:
        """Take in what a pass found out."""
        self._count(self._figures.pop(model, None), -1)
        self._figures[model] = figures
        self._count(figures, 1)
        if self._most_named and (model in self._named or len(self._named) < self._most_named):
            self._named[model] = sum(figures.cost_per_hour.values(), Decimal(0))

    def judge(self, model: ModelKey, conditions: Iterable[Condition]) -> None:
        """Take in conditions of a model that could not be decided on; what else is known of it stays."""
        before = self._figures.get(model, ModelFigures())
        self.put(model, replace(before, conditions=judged(conditions)))

    def forget(self, model: ModelKey) -> None:
        """Drop a model that is gone."""
        self._count(self._figures.pop(model, None), -1)
        self._named.pop(model, None)

    def sums(self, metric: Described) -> list[Reading]:
        """Read one of `SUMS`."""
        return [(one.labels, float(sum_)) for one, sum_ in self._sums.items() if one.metric == metric.name]

    def named(self) -> list[Reading]:
        """Read the cost of each model that has metrics of its own."""
        return [((key.namespace, key.name), float(cost)) for key, cost in self._named.items()]

    def unnamed(self) -> list[Reading]:
        """Count the models that would have them if more were allowed."""
        return [((), len(self._figures) - len(self._named))] if self._most_named else []

    def _count(self, figures: ModelFigures | None, step: int) -> None:
        for one, amount in _series(figures) if figures else ():
            left = self._sums.get(one, Decimal(0)) + step * amount
            if left or one in _ALWAYS:
                self._sums[one] = left
            else:
                del self._sums[one]


def _series(figures: ModelFigures) -> Iterator[tuple[_Series, Decimal]]:
    by_tier = ((COST, figures.cost_per_hour), (DESIRED, figures.desired), (READY, figures.ready))
    for metric, amounts in by_tier:
        for tier, amount in amounts.items():
            yield _Series(metric.name, (tier.value,)), Decimal(amount)
    for outcome, replicas in figures.latency.items():
        yield _Series(LATENCY.name, (outcome.value,)), Decimal(replicas)
    yield _Series(GATED.name), Decimal(figures.gated)
    for condition in figures.conditions:
        yield _Series(CONDITIONS.name, condition), Decimal(1)
