"""Put the operator together and run it until it is told to stop."""

import asyncio
import logging
import os
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import kopf

from fogline.cluster import connection
from fogline.cluster.client import Client
from fogline.cluster.kinds import MODEL_DEPLOYMENTS
from fogline.cluster.limiter import other_rate, ungate_rate
from fogline.cluster.transport import Limits
from fogline.config import Settings
from fogline.context import Context
from fogline.errors import ApiError
from fogline.handlers import health, login, modeldeployments
from fogline.metrics import Metrics
from fogline.mover import Mover
from fogline.names import ModelKey
from fogline.observe import Models, View
from fogline.observe.reflectors import reflectors
from fogline.outlook import Outlook
from fogline.placer import Placer
from fogline.reconcile import ProfileKeeper, Reconciler
from fogline.recorder import Recorder

RELIST_RETRY_SECONDS = 2.0
COMPARE_PER_RESYNC = 2
"""Listing all pods costs more than listing all models, so it is done half as often."""

logger = logging.getLogger(__name__)


async def operate(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT.

    Any task that ends in an error ends the process, for the kubelet to start it anew: nothing of the state
    is lost, it lies in the cluster.
    """
    where = connection.default()
    limits = Limits(ungate_rate(settings.pins_per_second), other_rate(settings.requests_per_second))
    async with Client(where, limits) as client:
        operator = _Operator(client, settings)
        async with (
            health.serve(settings.health_port, operator.context.metrics, operator.is_ready),
            asyncio.TaskGroup() as group,
        ):
            loops = group.create_task(operator.run())
            await kopf.operator(
                registry=_registry(where, loops),
                settings=_kopf_settings(),
                memo=kopf.Memo(models=operator.context.models, wake=operator.wake),
                identity=operator.instance,  # type: ignore[arg-type]  # kopf exports no name for its kind of str
                standalone=True,
                clusterwide=True,
            )


class _Operator:
    """The loops of one operator, and what wakes them."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self.instance = f"{socket.gethostname()}-{os.getpid()}"
        self.context = Context(
            client=client,
            models=Models(),
            view=View(settings, lambda model: self.wake([model]), self._wake_all, _now),
            recorder=Recorder(client, instance=self.instance),
            metrics=Metrics(),
            settings=settings,
            outlook=Outlook(self.wake),
            clock=_now,
        )
        self._reflectors = reflectors(client, self.context.view, COMPARE_PER_RESYNC * settings.resync_seconds)
        self._reconciler = Reconciler(self.context)
        self._placer = Placer(self.context)
        self._mover = Mover(self.context)
        self._profiles = ProfileKeeper(self.context)
        self._listed = asyncio.Event()

    def wake(self, keys: Iterable[ModelKey]) -> None:
        """Ask for a pass over these models, and for a look at their gated pods."""
        keys = list(keys)
        self._reconciler.wakeups.wake(keys)
        self._placer.wakeups.wake(keys)
        self._mover.wakeups.wake(keys)

    def is_ready(self) -> bool:
        """Whether the cluster is known well enough to decide."""
        return self._listed.is_set() and all(one.synced.is_set() for one in self._reflectors)

    async def run(self) -> None:
        """Mirror the cluster; once it is known, decide."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._list_models())
            for reflector in self._reflectors:
                group.create_task(reflector.run())
            for reflector in self._reflectors:
                await reflector.synced.wait()
            await self._listed.wait()
            logger.info("the cluster is known, deciding from now on")
            group.create_task(self._reconciler.run())
            group.create_task(self._placer.run())
            group.create_task(self._mover.run())
            group.create_task(self._profiles.run())

    async def _list_models(self) -> None:
        """List the models from time to time: kopf does not report a deletion that it missed."""
        while True:
            await self._read_version()
            try:
                listing = await self.context.client.list(MODEL_DEPLOYMENTS)
            except ApiError as error:
                logger.warning("models not listed, trying again", extra={"error": str(error)})
                await asyncio.sleep(RELIST_RETRY_SECONDS)
                continue
            before = list(self.context.models)
            self.context.models.replace(listing.items, listing.resource_version)
            self.wake([*before, *self.context.models])
            self._listed.set()
            await asyncio.sleep(self.context.settings.resync_seconds)

    async def _read_version(self) -> None:
        """Ask for the version of the cluster, which may have been upgraded; no answer changes nothing."""
        try:
            self.context.cluster.version = await self.context.client.version()
        except ApiError as error:
            logger.warning("version of the cluster not read", extra={"error": str(error)})

    def _wake_all(self) -> None:
        self.wake(self.context.models)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  the one place where the loops get their clock


def _registry(where: connection.Connection, loops: asyncio.Task[None]) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()
    login.register(registry, where)
    modeldeployments.register(registry)

    # Otherwise kopf takes the loops for work that is about to finish, and waits 5 s for them.
    async def stop(**_kwargs: Any) -> None:
        loops.cancel()

    kopf.on.cleanup(registry=registry)(stop)
    return registry


def _kopf_settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True  # its rights would be wider than ours need to be
    settings.posting.enabled = False  # our recorder posts Events
    settings.watching.server_timeout = 300
    settings.watching.connect_timeout = 10
    settings.networking.request_timeout = 30
    settings.networking.enforce_retry_after = True
    return settings
