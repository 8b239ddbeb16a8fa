"""The loop that takes models that were woken, decides, and writes."""

import asyncio
import logging
from collections.abc import Iterable
from typing import NoReturn

from fogline.api import ModelDeployment
from fogline.context import Context
from fogline.errors import ApiError, BadInputError
from fogline.names import ModelKey
from fogline.observe import model_key, owned
from fogline.placement import Usage, demand_of, turn
from fogline.reconcile.intent import Intent, intend
from fogline.reconcile.refusal import Refusal
from fogline.reconcile.status import unreadable_status
from fogline.reconcile.writer import Writer
from fogline.wakeups import WakeUps

AT_ONCE = 8
"""Models that are written at the same time."""
RETRY_SECONDS = 2.0
"""After an error of the API server the model is passed again."""

logger = logging.getLogger(__name__)


class Reconciler:
    """Passes over every model that was woken. Level-based: why it was woken plays no part."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._writer = Writer(context.client, context.view, context.recorder)
        self._refusals: dict[ModelKey, Refusal] = {}
        self._unreadable: dict[ModelKey, str] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.wakeups = WakeUps()

    async def run(self) -> NoReturn:
        """Pass for ever. Errors of the API server are retried; any other exception is a bug."""
        async with asyncio.TaskGroup() as later:
            while True:
                keys = await self.wakeups.take(self._context.settings.batch_milliseconds / 1000)
                for key, seconds in await self._pass(keys):
                    later.create_task(self._wake_later(key, seconds))

    async def _pass(self, keys: Iterable[ModelKey]) -> list[tuple[ModelKey, float]]:
        """Decide for all models against one snapshot, then write; returns which to pass again, and when."""
        self._context.metrics.models.set(len(self._context.models))
        again = await asyncio.gather(
            *(self._write(intent) for intent in self._intents(keys)),
            *(self._tell_unreadable(key) for key in keys),
        )
        return [(key, seconds) for key, seconds in again if seconds is not None]

    def _intents(self, keys: Iterable[ModelKey]) -> list[Intent]:
        usage, now = Usage(self._context.view.snapshot()), self._context.clock()
        models: list[ModelDeployment] = []
        for key in keys:
            match self._context.models.get(key):
                case ModelDeployment() as model if model.metadata.deletion_timestamp is None:
                    models.append(model)
                case None:
                    self._writer.forget(key)
                    self._refusals.pop(key, None)
        models.sort(key=lambda model: turn(demand_of(model)))
        return [
            intend(
                model,
                owned(self._context.view, model),
                self._refusals.get(model_key(model)),
                usage,
                self._context.settings,
                now,
            )
            for model in models
        ]

    async def _write(self, intent: Intent) -> tuple[ModelKey, float | None]:
        key = model_key(intent.model)
        async with self._turns:
            try:
                with self._context.metrics.passes.time():
                    refusal = await self._writer.carry_out(intent)
            except ApiError as error:
                if self._context.models.get(key) is None:
                    return key, None
                self._context.metrics.failures.inc()
                logger.warning("pass failed, trying again", extra={"model": str(key), "error": str(error)})
                return key, RETRY_SECONDS
        if refusal == self._refusals.get(key):
            return key, intent.again_seconds
        self._refusals.pop(key, None)
        if refusal:
            self._refusals[key] = refusal
        return key, 0.0

    async def _tell_unreadable(self, key: ModelKey) -> tuple[ModelKey, float | None]:
        error = self._context.models.get(key)
        if not isinstance(error, BadInputError):
            self._unreadable.pop(key, None)
        elif self._unreadable.get(key) != str(error):
            try:
                await self._writer.write_status(
                    key, unreadable_status(error, self._context.clock()), None, None
                )
            except ApiError as refused:
                logger.warning("status not written", extra={"model": str(key), "error": str(refused)})
                return key, RETRY_SECONDS
            self._unreadable[key] = str(error)
        return key, None

    async def _wake_later(self, key: ModelKey, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.wakeups.wake([key])
