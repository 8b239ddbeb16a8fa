"""The loop that takes models that were woken, decides, and writes."""

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Mapping
from datetime import datetime
from typing import NoReturn

from fogline.api import ModelDeployment
from fogline.context import Context
from fogline.errors import ApiError, BadInputError
from fogline.names import ModelKey
from fogline.observe import model_key, owned
from fogline.placement import demand_of, turn
from fogline.reconcile.history import history_of
from fogline.reconcile.intent import Before, Intent, intend
from fogline.reconcile.refusal import Refusal
from fogline.reconcile.status import unreadable_status
from fogline.reconcile.versions import not_supported
from fogline.reconcile.writer import Writer
from fogline.wakeups import WakeUps

AT_ONCE = 8
"""Models that are written at the same time."""
PAUSE_SECONDS = 1.0
"""Between passes of one model. While its pods come up it would change every few milliseconds, and each status
costs the API server as much as a pod does."""
RETRY_SECONDS = 2.0
"""After an error of the API server the model is passed again."""

logger = logging.getLogger(__name__)


class Reconciler:
    """Passes over every model that was woken. Level-based: why it was woken plays no part."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._writer = Writer(
            context.client, context.view, context.recorder, context.settings.clearance_seconds
        )
        self._refusals: dict[ModelKey, Refusal] = {}
        self._uncleared: dict[ModelKey, Mapping[str, datetime]] = {}
        """Since when replicas, by uid, are on nodes that may not hold their data."""
        self._unreadable: dict[ModelKey, str] = {}
        self._busy: set[ModelKey] = set()
        """Models that are being written."""
        self._postponed: set[ModelKey] = set()
        """Those of them that were woken meanwhile."""
        self._counted: dict[ModelKey, frozenset[str]] = {}
        """Ids of the moves that were last told of and are in the metrics."""
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.wakeups = WakeUps()

    async def run(self) -> NoReturn:
        """Pass for ever. Errors of the API server are retried; any other exception is a bug.

        Models that are woken together are decided against one snapshot. Each is written on its own, so that
        one whose writes are slow holds up no other; while it is written it is not decided anew.
        """
        async with asyncio.TaskGroup() as writes:
            while True:
                keys = await self.wakeups.take(self._context.settings.batch_milliseconds / 1000)
                await self._context.duty.permitted()
                self._context.metrics.models.set(len(self._context.models))
                free = keys - self._busy
                self._postponed |= keys & self._busy
                due = {model_key(intent.model): self._write(intent) for intent in self._intents(free)}
                for key in free:
                    if isinstance(error := self._context.models.get(key), BadInputError):
                        due[key] = self._tell_unreadable(key, error)
                self._busy |= due.keys()
                for key, write in due.items():
                    writes.create_task(self._pass(key, write))

    async def _pass(self, key: ModelKey, write: Awaitable[float | None]) -> None:
        """Carry a write out as the only one of its model; wake the model again when that is called for."""
        async with self._turns:
            seconds = await write
        await asyncio.sleep(PAUSE_SECONDS)
        self._busy.discard(key)
        if key in self._postponed:
            self._postponed.discard(key)
            self.wakeups.wake([key])
        if seconds is not None:
            await self.wakeups.wake_later(key, seconds)

    def _intents(self, keys: Iterable[ModelKey]) -> list[Intent]:
        usage, now = self._context.view.usage(keys), self._context.clock()
        models: list[ModelDeployment] = []
        for key in keys:
            match self._context.models.get(key):
                case ModelDeployment() as model if model.metadata.deletion_timestamp is None:
                    models.append(model)
                    self._unreadable.pop(key, None)
                case None:
                    self._writer.forget(key)
                    self._context.view.forget(key)
                    self._refusals.pop(key, None)
                    self._uncleared.pop(key, None)
                    self._counted.pop(key, None)
        models.sort(key=lambda model: turn(demand_of(model)))
        intents = [
            intend(
                model,
                owned(self._context.view, model),
                self._before(model),
                usage,
                self._context.settings,
                now,
            )
            for model in models
        ]
        for intent in intents:
            self._context.view.promise(demand_of(intent.model), intent.decision, intent.claimed)
            self._uncleared[model_key(intent.model)] = intent.uncleared.since
        self._context.metrics.violations.set(sum(map(len, self._uncleared.values())))
        return intents

    def _before(self, model: ModelDeployment) -> Before:
        key = model_key(model)
        return Before(
            refusal=self._refusal(model),
            held=self._context.outlook.of(key),
            gap_percent=self._context.outlook.gap_percent,
            version=self._context.cluster.version,
            uncleared_since=self._uncleared.get(key, {}),
        )

    def _refusal(self, model: ModelDeployment) -> Refusal | None:
        """Say what keeps us from writing: the cluster cannot do it, or refused it the last time."""
        refused = not_supported(model, self._context.cluster.version)
        return refused or self._refusals.get(model_key(model))

    async def _write(self, intent: Intent) -> float | None:
        """Write what a pass decided; returns the seconds after which the model should be passed again."""
        key = model_key(intent.model)
        try:
            with self._context.metrics.passes.time():
                refusal = await self._writer.carry_out(intent)
        except ApiError as error:
            if self._context.models.get(key) is None:
                return None
            self._context.metrics.failures.inc()
            logger.warning("pass failed, trying again", extra={"model": str(key), "error": str(error)})
            return RETRY_SECONDS
        self._count_moves(intent)
        if refusal == self._refusals.get(key):
            return intent.again_seconds
        self._refusals.pop(key, None)
        if refusal:
            self._refusals[key] = refusal
        return 0.0

    def _count_moves(self, intent: Intent) -> None:
        """Count the moves that the status tells the end of for the first time; what we see may be behind."""
        key, before = model_key(intent.model), intent.model.status
        told = {one.id: one for one in history_of(intent.status)}
        known = {one.id for one in history_of(before)} | self._counted.get(key, frozenset())
        self._counted[key] = frozenset(told)
        self._context.metrics.moves_ended(one for id_, one in told.items() if id_ not in known)

    async def _tell_unreadable(self, key: ModelKey, error: BadInputError) -> float | None:
        if self._unreadable.get(key) == str(error):
            return None
        try:
            await self._writer.write_status(key, unreadable_status(error, self._context.clock()), None, None)
        except ApiError as refused:
            logger.warning("status not written", extra={"model": str(key), "error": str(refused)})
            return RETRY_SECONDS
        self._unreadable[key] = str(error)
        return None
