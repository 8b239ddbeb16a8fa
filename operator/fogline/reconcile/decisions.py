"""Decides what the passes over some models should write, and remembers what one leaves to the next."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from fogline.api import ModelDeployment
from fogline.context import Context
from fogline.mistakes import Part
from fogline.names import ModelKey
from fogline.observe import model_key, owned
from fogline.placement import demand_of, turn
from fogline.reconcile.intent import Before, Intent, intend
from fogline.reconcile.refusal import Refusal
from fogline.reconcile.versions import not_supported


class Decisions:
    """Decides on models that were woken together, each before those that have their turn after it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._refusals: dict[ModelKey, Refusal] = {}
        self._uncleared: dict[ModelKey, Mapping[str, datetime]] = {}
        """Since when replicas, by uid, are on nodes that may not hold their data."""

    def in_turn(self, keys: Iterable[ModelKey]) -> list[ModelKey]:
        """Put models into the order in which they are decided; those that cannot be are last."""
        found = {key: model for key in keys if (model := self._model(key))}
        decided = sorted(found, key=lambda key: turn(demand_of(found[key])))
        return [*decided, *(key for key in keys if key not in found)]

    def on(self, keys: Iterable[ModelKey], later: Iterable[ModelKey] = ()) -> list[Intent]:
        """Decide on those of these models that exist, can be read and are not being deleted.

        A model that a mistake of ours happens with is left out.

        Parameters
        ----------
        later
            Models that are decided after these: what they were promised is free for those before them.
        """
        found = [key for key in keys if self._model(key)]
        intents = self._context.mistakes.each(found, Part.RECONCILE, partial(self._decide, tuple(later)))
        for intent in intents:
            self._context.view.promise(demand_of(intent.model), intent.decision, intent.claimed)
            self._uncleared[model_key(intent.model)] = intent.uncleared.since
            self._context.metrics.fleet.put(model_key(intent.model), intent.figures)
        self._context.metrics.violations.set(sum(map(len, self._uncleared.values())))
        return intents

    def refused(self, key: ModelKey, refusal: Refusal | None) -> bool:
        """Take note of what could not be written; tells whether that is news."""
        if refusal == self._refusals.get(key):
            return False
        self._refusals.pop(key, None)
        if refusal:
            self._refusals[key] = refusal
        return True

    def forget(self, key: ModelKey) -> None:
        """Drop what is remembered of a model that is gone."""
        self._context.view.forget(key)
        self._context.mistakes.forget(key)
        self._refusals.pop(key, None)
        self._uncleared.pop(key, None)
        self._context.metrics.fleet.forget(key)

    def _model(self, key: ModelKey) -> ModelDeployment | None:
        match self._context.models.get(key):
            case ModelDeployment() as model if model.metadata.deletion_timestamp is None:
                return model
        return None

    def _decide(self, later: Sequence[ModelKey], keys: Sequence[ModelKey]) -> list[Intent]:
        context = self._context
        usage, now = context.view.usage([*keys, *later]), context.clock()
        models = [model for key in keys if (model := self._model(key))]
        models.sort(key=lambda model: turn(demand_of(model)))
        return [
            intend(model, owned(context.view, model), self._before(model), usage, context.settings, now)
            for model in models
        ]

    def _before(self, model: ModelDeployment) -> Before:
        key, context = model_key(model), self._context
        return Before(
            refusal=not_supported(model, context.cluster.version) or self._refusals.get(key),
            held=context.outlook.of(key),
            gap_percent=context.outlook.gap_percent,
            version=context.cluster.version,
            uncleared_since=self._uncleared.get(key, {}),
            mistakes=context.mistakes.of(key),
            gap=context.guard.gap(model),
            measured=context.measured.of(key),
        )
