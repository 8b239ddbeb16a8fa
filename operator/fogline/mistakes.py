"""Mistakes of ours: a model that we cannot decide on stops no other one, and the mistake hides nowhere."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from traceback import walk_tb
from typing import TypeVar

from fogline.api import ModelDeployment
from fogline.names import ModelKey
from fogline.observe import Models

OURS = "fogline."

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Part(StrEnum):
    """What went wrong with a model. What is done at different times is told apart: each has its own end."""

    RECONCILE = "reconcile"
    """To decide what one pass should write."""
    WRITE = "write"
    """To write it."""
    PLACE = "place"
    """To decide gated pods."""
    PIN = "pin"
    """To let them go."""
    MOVE = "move"
    """To look for moves."""
    MARK = "mark"
    """To start them, and to tell of them."""
    OVERLOAD = "overload"
    """To choose who leaves nodes that are over-committed."""
    PLAN = "plan"
    """To plan all models together."""
    RUN = "run"
    """To carry out the run of a training."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """An exception that nobody foresaw. Its text is in the log only: nobody knows what it would give away."""

    error: str
    """Type of the exception."""
    where: str
    """Module of ours and line."""
    generation: int | None
    """Of the spec that it happened with."""

    def __str__(self) -> str:
        return f"{self.error} in {self.where}"


class Mistakes:
    """The mistakes that last. One is over when the same has been done for the same model without it.

    It is told once for each spec, not each time it happens. `MemoryError` is left alone: it strikes whoever
    asks for memory next, and says nothing about the model.

    Parameters
    ----------
    models
        What is known of the models.
    changed
        Called with a model that there is something new to tell of.
    count
        Called with the part each time that a mistake happens.
    """

    def __init__(
        self,
        models: Models,
        changed: Callable[[Iterable[ModelKey]], None],
        count: Callable[[Part], None],
    ) -> None:
        self._models = models
        self._changed = changed
        self._count = count
        self._known: dict[ModelKey, dict[Part, Mistake]] = {}
        self._of_several: dict[Part, Mistake] = {}
        """Those that happen only where models meet."""

    def of(self, model: ModelKey) -> Mapping[Part, Mistake]:
        """Give what goes wrong with a model."""
        return dict(self._known.get(model, {}))

    @contextmanager
    def apart(self, model: ModelKey, part: Part) -> Iterator[None]:
        """Let an exception that nobody foresaw end what is done for a model, and nothing else."""
        try:
            yield
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  that nobody foresaw it is the point
            self._note(model, part, error)
        else:
            self.over([model], part)

    def each(
        self,
        models: Sequence[ModelKey],
        part: Part,
        decide: Callable[[Sequence[ModelKey]], list[T]],
    ) -> list[T]:
        """Decide on models together; on an exception again, without those that it happens with.

        Parameters
        ----------
        decide
            Decides, and leaves nothing behind when it fails.
        """
        try:
            found = decide(models)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  told below, by model
            return self._each_apart(models, part, decide)
        self.over(models, part)
        return found

    def of_several(self, part: Part, error: Exception) -> None:
        """Take note of an exception that happens with several models together, and with none alone."""
        self._count(part)
        mistake = _mistake(error, None)
        if self._of_several.get(part) != mistake:
            self._of_several[part] = mistake
            logger.error(
                "a mistake of Fogline with several models", extra={"part": part.value}, exc_info=error
            )

    def over(self, models: Iterable[ModelKey], part: Part) -> None:
        """Forget what went wrong before with models that have now been done without a mistake."""
        if self._known:
            self._forget([model for model in models if part in self._known.get(model, {})], part)

    def all_over(self, part: Part) -> None:
        """Forget what went wrong before: there is nothing to be done for any model."""
        self.over(list(self._known), part)

    def forget(self, model: ModelKey) -> None:
        """Drop what is known of a model that is gone."""
        self._known.pop(model, None)

    def _forget(self, models: list[ModelKey], part: Part) -> None:
        for model in models:
            del self._known[model][part]
            if not self._known[model]:
                del self._known[model]
        if models:
            self._changed(models)

    def _each_apart(
        self,
        models: Sequence[ModelKey],
        part: Part,
        decide: Callable[[Sequence[ModelKey]], list[T]],
    ) -> list[T]:
        alone: dict[ModelKey, list[T]] = {}
        for model in models:
            with self.apart(model, part):
                alone[model] = decide([model])
        try:
            return decide(list(alone))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  that nobody foresaw it is the point
            self.of_several(part, error)
            return [one for found in alone.values() for one in found]

    def _note(self, model: ModelKey, part: Part, error: Exception) -> None:
        self._count(part)
        content = self._models.get(model)
        generation = content.metadata.generation if isinstance(content, ModelDeployment) else None
        mistake = _mistake(error, generation)
        known = self._known.setdefault(model, {})
        if known.get(part) == mistake:
            return
        known[part] = mistake
        logger.error(
            "a mistake of Fogline: what it happens with is left as it is",
            extra={"model": str(model), "part": part.value},
            exc_info=error,
        )
        self._changed([model])


def _mistake(error: Exception, generation: int | None) -> Mistake:
    frames = [(frame.f_globals.get("__name__", ""), line) for frame, line in walk_tb(error.__traceback__)]
    ours = [(name, line) for name, line in frames if name.startswith(OURS)]
    name, line = (ours or frames)[-1]
    return Mistake(type(error).__name__, f"{name}:{line}", generation)
