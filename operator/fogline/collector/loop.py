"""The collector: it scrapes, remembers a window, and tells figures."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import NoReturn

import msgspec

from fogline.cluster.client import Client
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, NODES, POD_METRICS, PODS
from fogline.cluster.objects.metadata import ObjectMeta, Slim
from fogline.cluster.reflector import Reflector
from fogline.collector import groups
from fogline.collector.answer import MOST_TROUBLES, Agreement, Answered, Figures, Pods, RoundTrip, Trouble
from fogline.collector.facts import (
    Device,
    LiveModel,
    LiveNode,
    LivePod,
    Model,
    Replica,
    to_device,
    to_model,
    to_replica,
)
from fogline.collector.metrics import CollectorMetrics
from fogline.collector.pages import Pages
from fogline.collector.window import Window
from fogline.config import CollectorSettings
from fogline.errors import ApiError, BadInputError
from fogline.names import DECIDED_AT_FORMAT, MODEL_LABEL, ModelKey
from fogline.units import parse_quantity

FIRST_ROUND_SECONDS = 60.0
"""Until the end of the first round, lists of the cluster included."""
_SELECTOR = MODEL_LABEL

logger = logging.getLogger(__name__)


class _Usage(Slim, frozen=True):
    usage: dict[str, str] = msgspec.field(default_factory=dict)


class _PodUsage(Slim, frozen=True):
    metadata: ObjectMeta
    containers: tuple[_Usage, ...] = ()


class Collector:
    """Scrapes the pods of models, Ready or not, and joins what they say with what was decided of them.

    Parameters
    ----------
    clock
        Seconds that never go back.
    """

    def __init__(self, client: Client, settings: CollectorSettings, clock: Callable[[], float]) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self.window = Window(settings.window_seconds, clock())
        self.round_trips: Callable[[], Iterable[RoundTrip]] = tuple
        """What probes measured; whoever asks them puts it here."""
        self.agreements: Callable[[], Mapping[groups.RevisionKey, Agreement]] = dict
        """How new versions answered; whoever compares puts it here."""
        self.metrics = CollectorMetrics(
            self.figures,
            self._others,
            self._late_seconds,
            most_models=settings.metrics_models,
            most_nodes=settings.metrics_nodes,
        )
        self._due = clock() + FIRST_ROUND_SECONDS
        """When the round of scrapes that goes on should have ended."""
        self._members: list[groups.Member] = []
        self._told: Answered | None = None
        self._pods = Reflector[Replica](
            client, PODS, LivePod, _ignore, keep=to_replica, label_selector=_SELECTOR
        )
        self._nodes = Reflector[Device](client, NODES, LiveNode, _ignore, keep=to_device)
        self._models = Reflector[Model](client, MODEL_DEPLOYMENTS, LiveModel, _ignore, keep=to_model)
        self._scraped = False

    def trouble(self) -> str | None:
        """Say why there are no figures; None when there are."""
        for mirror in (self._pods, self._nodes, self._models):
            if not mirror.synced.is_set():
                return f"the {mirror.plural} are not listed yet"
        return None if self._scraped else "no round of scrapes has ended yet"

    def replicas(self) -> list[Replica]:
        """List the pods of models that have a node, in the namespaces of this installation."""
        places = self._settings.namespaces
        return [
            one
            for one in self._pods.store.values()
            if one.node and (not places or one.metadata.namespace in places)
        ]

    def models(self) -> dict[ModelKey, Model]:
        """Give what is reported of models."""
        return {ModelKey(*key): model for key, model in self._models.store.items()}

    def device(self, name: str) -> Device | None:
        """Find a node."""
        return self._nodes.store.get(("", name))

    async def run(self, pages: Pages) -> NoReturn:
        """Scrape for ever. Errors of the API server are retried; any other exception is a bug."""
        async with asyncio.TaskGroup() as group:
            for mirror in (self._pods, self._nodes, self._models):
                group.create_task(mirror.run())
            for mirror in (self._pods, self._nodes, self._models):
                await mirror.synced.wait()
            while True:
                began = self._clock()
                self._due = began + self._settings.scrape_seconds
                await self._round(pages)
                took = self._clock() - began
                self.metrics.rounds.observe(took)
                pause = max(self._settings.scrape_seconds - took, 1)
                self._due = self._clock() + pause + self._settings.scrape_seconds
                await asyncio.sleep(pause)

    def _late_seconds(self) -> float:
        return max(0.0, self._clock() - self._due)

    async def _round(self, pages: Pages) -> None:
        await pages.read(self.window.follow(self.replicas(), self._clock()))
        if self._settings.resource_metrics:
            await self._ask_usage()
        self._members = groups.members(
            self.window, {key[1]: one for key, one in self._nodes.store.items()}, self.models()
        )
        self._told, self._scraped = None, True

    async def _ask_usage(self) -> None:
        try:
            listing = await self._client.list(POD_METRICS, _PodUsage, label_selector=_SELECTOR)
        except ApiError as error:
            logger.warning("the metrics API does not answer", extra={"error": str(error)})
            return
        by_key = {one.metadata.key: one.containers for one in listing.items}
        for followed in self.window:
            containers = by_key.get(followed.replica.metadata.key)
            followed.usage = None if containers is None else _used(containers)

    def _others(self, named: frozenset[str]) -> Figures | None:
        rest = [one for one in self._members if str(one.replica.model) not in named]
        return groups.figures(rest) if rest else None

    def figures(self) -> Answered:
        """Tell the figures as of the last round."""
        if self._told is None:
            self._told = self._figures()
        return self._told

    def _figures(self) -> Answered:
        found = self._members
        devices = {key[1]: one for key, one in self._nodes.store.items()}

        def nodes_of(names: Iterable[str]) -> list[Device]:
            return [devices[name] for name in sorted(set(names)) if name in devices]

        def with_nodes(key: Callable[[groups.Member], str]) -> dict[str, Figures]:
            return {
                name: groups.figures(group, nodes_of(one.replica.node for one in group))
                for name, group in groups.by(found, key).items()
            }

        return Answered(
            time=datetime.now(UTC).strftime(DECIDED_AT_FORMAT),  # noqa: TID251  an edge: programs read when it was
            window_seconds=self.window.seconds,
            covered_seconds=round(self.window.covered_seconds(self._clock()), 3),
            pods=self._tell_pods(),
            total=groups.figures(found, nodes_of(one.replica.node for one in found)),
            tiers=with_nodes(lambda one: one.replica.tier),
            sites=with_nodes(lambda one: one.site),
            nodes=with_nodes(lambda one: one.replica.node),
            models={
                str(model): groups.figures(group)
                for model, group in groups.by(found, lambda one: one.replica.model).items()
            },
            revisions=groups.revisions(found, self.agreements()),
            round_trips=tuple(self.round_trips()),
        )

    def _tell_pods(self) -> Pods:
        there = [one for one in self.window if one.is_there and one.replica.ip]
        silent = [(one.replica, one.trouble) for one in there if one.trouble]
        return Pods(
            known=len(there),
            answering=len(there) - len(silent),
            left_out=self.window.left_out,
            troubles=tuple(
                Trouble(
                    namespace=replica.metadata.namespace,
                    pod=replica.metadata.name,
                    node=replica.node,
                    reason=trouble.reason.value,
                    message=trouble.message,
                )
                for replica, trouble in silent[:MOST_TROUBLES]
            ),
        )


def _ignore(_before: object, _after: object) -> None:
    """Take no note: the store of the mirror is read when it is needed."""


def _used(containers: Iterable[_Usage]) -> tuple[float, float] | None:
    """Add up cores and bytes; None when a quantity cannot be read."""
    cores = memory = 0.0
    with suppress(BadInputError, KeyError):
        for one in containers:
            cores += float(parse_quantity(one.usage["cpu"]))
            memory += float(parse_quantity(one.usage["memory"]))
        return cores, memory
    return None
