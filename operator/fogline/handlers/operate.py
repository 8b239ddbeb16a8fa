"""Put the operator together and run it until it is told to stop."""

import asyncio
import logging
import os
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import kopf

from fogline import health
from fogline.canary_figures import keep_reading
from fogline.cluster import connection, elector
from fogline.cluster.client import Client
from fogline.cluster.elector import Elector, LeaseName
from fogline.cluster.lease import Times, new_identity
from fogline.cluster.limiter import decision_rate, other_rate
from fogline.cluster.transport import Limits
from fogline.config import Settings
from fogline.context import Context
from fogline.duty import Duty
from fogline.errors import ApiError
from fogline.guard import Guard
from fogline.handlers import login, modeldeployments
from fogline.handlers.model_feed import ModelFeed
from fogline.metrics.operator import Metrics
from fogline.mistakes import Mistakes
from fogline.mover import Mover, Planner
from fogline.names import OPERATOR_LEASE, ModelKey
from fogline.observe import Models, View
from fogline.observe.reflectors import reflectors
from fogline.outlook import Outlook
from fogline.placer import Placer
from fogline.poster import Poster
from fogline.reconcile import ProfileKeeper, Reconciler
from fogline.recorder import Recorder
from fogline.runs import RunKeeper

GIVE_UP_FACTOR = 2
"""A view that is stale for so much longer than decisions allow will not get better in this process."""
TELL_SECONDS = 0.5
EXIT_WITHOUT_LEASE = 3
COMPARE_PER_RESYNC = 2
"""Listing all pods costs more than listing all models, so it is done half as often."""

logger = logging.getLogger(__name__)


async def operate(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT, or until the Lease is lost.

    Any task that ends in an error ends the process, for the kubelet to start it anew: nothing of the state
    is lost, it lies in the cluster.
    """
    where = connection.default()
    limits = Limits(decision_rate(settings.pins_per_second), other_rate(settings.requests_per_second))
    duty = Duty(settings.stale_seconds)
    metrics = Metrics(settings.metrics_models)
    metrics.collector_wanted.set(bool(settings.collector_url))
    async with (
        Client(where, limits, fence=duty.fence, observer=metrics.requests) as client,
        Client(where, elector.limits(Times(settings.lease_seconds)), observer=metrics.requests) as apart,
    ):
        lease = LeaseName(where.namespace, OPERATOR_LEASE)
        operator = _Operator(client, apart, lease, duty, metrics, settings)
        try:
            async with (
                health.serve(settings.health_port, metrics.instruments.page, operator.trouble),
                asyncio.TaskGroup() as group,
            ):
                loops = group.create_task(operator.run())
                await operator.known.wait()  # kopf would end when it finds no API server at its start
                await kopf.operator(
                    registry=_registry(where, loops),
                    settings=_kopf_settings(),
                    memo=kopf.Memo(models=operator.context.models, wake=operator.wake),
                    identity=operator.instance,  # type: ignore[arg-type]  # kopf exports no name for its kind of str
                    standalone=True,
                    clusterwide=True,
                )
        finally:
            await operator.release()


class _Operator:
    """The loops of one operator, and what wakes them.

    Parameters
    ----------
    apart
        For the Lease and what concerns it, which no other request may hold up.
    """

    def __init__(
        self,
        client: Client,
        apart: Client,
        lease: LeaseName,
        duty: Duty,
        metrics: Metrics,
        settings: Settings,
    ) -> None:
        self.instance = f"{socket.gethostname()}-{os.getpid()}"
        models = Models(settings.namespaces)
        self.context = Context(
            client=client,
            models=models,
            view=View(settings, lambda model: self.wake([model]), self._wake_all, _now),
            recorder=self._recorder(client),
            metrics=metrics,
            settings=settings,
            outlook=Outlook(self.wake),
            mistakes=Mistakes(models, self.wake, metrics.mistake),
            duty=duty,
            clock=_now,
            guard=Guard(settings.policies, self._guard_changed),
        )
        self._reflectors = reflectors(
            client, self.context.view, COMPARE_PER_RESYNC * settings.resync_seconds, settings.confirm_seconds
        )
        self._feed = ModelFeed(client, self.context.models, settings)
        self._reconciler = Reconciler(self.context)
        self._placer = Placer(self.context)
        self._mover = Mover(self.context)
        self._planner = Planner(self.context, self._mover)
        self._profiles = ProfileKeeper(self.context)
        self._runs = RunKeeper(self.context)
        self._listed = asyncio.Event()
        self.known = asyncio.Event()
        """Set once the cluster is known."""
        self._lease = lease
        self._elector = Elector(
            apart,
            lease,
            new_identity(self.instance, settings.pod_uid),
            Times(settings.lease_seconds),
            may_take=lambda: self.trouble() is None,
            may_keep=lambda: duty.silent_seconds < GIVE_UP_FACTOR * settings.stale_seconds,
            wall_clock=_now,
        )
        self._recorder_apart = self._recorder(apart)
        duty.sources = (*self._reflectors, self._feed.witness)
        duty.is_leading = lambda: self._elector.is_in_force
        metrics.follow(duty, lambda: self._elector.unrenewed_seconds)
        waiting = {
            "reconcile": lambda: self._reconciler.waiting,
            "place": lambda: len(self._placer.wakeups),
            "move": lambda: len(self._mover.wakeups),
        }
        metrics.watch(self.context.guard)
        metrics.follow_work(self.context.outlook, waiting, self.context.view.nodes.counts)

    def wake(self, keys: Iterable[ModelKey]) -> None:
        """Ask for a pass over these models, and for a look at their gated pods."""
        keys = list(keys)
        self._reconciler.wakeups.wake(keys)
        self._placer.wakeups.wake(keys)
        self._mover.wakeups.wake(keys)
        self._planner.stir()
        self._runs.wake_for(keys)

    def trouble(self) -> str | None:
        """Say why the cluster is not known well enough to decide; None when it is."""
        if trouble := self.context.duty.trouble():
            return trouble
        return None if self._listed.is_set() else "the models are not listed yet"

    async def run(self) -> None:
        """Mirror the cluster; once it is known and the Lease is ours, decide."""
        async with asyncio.TaskGroup() as group:
            sources = (*self._reflectors, self._feed.witness)
            group.create_task(self._list_models())
            for source in sources:
                group.create_task(source.run())
            for source in sources:
                await source.synced.wait()
            await self._listed.wait()
            logger.info("the cluster is known")
            self.known.set()
            group.create_task(self._hold_lease())
            group.create_task(self._tell_trouble())
            await self._elector.leading.wait()
            logger.info("deciding from now on")
            group.create_task(self._reconciler.run())
            group.create_task(self._placer.run())
            group.create_task(self._mover.run())
            group.create_task(self._planner.run())
            group.create_task(self._profiles.run())
            group.create_task(self._runs.run())
            if url := self.context.settings.collector_url:
                group.create_task(keep_reading(url, self.context.models, self.context.measured))
            if self.context.settings.policies:
                group.create_task(self._look_at_policies())

    def _recorder(self, client: Client) -> Recorder:
        return Recorder(Poster(client, "fogline.dev/operator", self.instance))

    async def release(self) -> None:
        """Give the Lease up; nothing may be written any more."""
        await self._elector.release()

    async def _hold_lease(self) -> None:
        """Keep the Lease. Without it the process ends in the middle of whatever it does."""
        await self._elector.run()
        await self._elector.release()
        os._exit(EXIT_WITHOUT_LEASE)

    async def _list_models(self) -> None:
        """Keep the models right where kopf does not."""
        while True:
            await self._read_version()
            before = list(self.context.models)
            await self._feed.list()
            self.wake([*before, *self.context.models])
            self._listed.set()
            await self._feed.until_due()

    async def _read_version(self) -> None:
        """Ask for the version of the cluster, which may have been upgraded; no answer changes nothing."""
        try:
            self.context.cluster.version = await self.context.client.version()
        except ApiError as error:
            logger.warning("version of the cluster not read", extra={"error": str(error)})

    async def _look_at_policies(self) -> None:
        """Look after the admission policies for as long as this process decides."""
        while True:
            await self.context.guard.look(self.context.client)
            await asyncio.sleep(self.context.settings.policy_seconds)

    async def _tell_trouble(self) -> None:
        """Say in the log and in an Event when nothing is decided because the view may be wrong."""
        before: str | None = None
        while True:
            now = self.context.duty.trouble()
            if now and now != before:
                logger.warning("nothing is decided", extra={"why": now})
                if self._elector.is_in_force:
                    await self._recorder_apart.stopped_deciding(self._lease.namespace, now)
            elif before and not now:
                logger.warning("decisions go on")
            before = now
            await asyncio.sleep(TELL_SECONDS)

    def _wake_all(self) -> None:
        self.wake(self.context.models)

    def _guard_changed(self) -> None:
        self._wake_all()
        self._runs.wake_all()


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
