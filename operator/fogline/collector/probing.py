"""Asks the probes, and writes what they measured as NodeProfiles."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import aiohttp

from fogline.cluster.client import Client
from fogline.cluster.kinds import NODE_PROFILES
from fogline.cluster.objects import NodeProfile
from fogline.cluster.reflector import Reflector
from fogline.collector.answer import RoundTrip
from fogline.collector.ask_probe import ProbeError, ask
from fogline.collector.facts import Device, Replica
from fogline.collector.loop import Collector
from fogline.collector.measured import Way, measured, resumed, site_round_trip
from fogline.collector.wire import MOST_TARGETS
from fogline.collector.written import profile, profile_name, read
from fogline.config import CollectorSettings, ProbeAddress
from fogline.errors import ApiError, ConflictError, NotFoundError
from fogline.names import MEASURED_LABEL

MOST_PODS_OF_SITE = 8
FIELD_MANAGER = "fogline-collector"

logger = logging.getLogger(__name__)

_Key = tuple[str, str]
"""Client site and site."""


def targets(
    replicas: Iterable[Replica], device: Callable[[str], Device | None]
) -> Mapping[str, tuple[str, ...]]:
    """Choose the pods to measure: few of each site, of many nodes, and no more than a probe takes.

    Sites are zones: a node without the label of one cannot be named by a NodeProfile for all of its site.
    """
    by_node: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for replica in sorted(replicas, key=lambda one: one.metadata.key):
        found = device(replica.node)
        if replica.ip and found and found.zone:
            by_node[found.zone][replica.node].append(replica.ip)
    chosen = {site: _spread(nodes.values())[:MOST_PODS_OF_SITE] for site, nodes in sorted(by_node.items())}
    left, bounded = MOST_TARGETS, {}
    for site, pods in chosen.items():
        bounded[site] = tuple(pods[:left])
        left -= len(bounded[site])
    return {site: pods for site, pods in bounded.items() if pods}


def _spread(nodes: Iterable[list[str]]) -> list[str]:
    """Take the first pod of each node, then the second of each, and so on."""
    pools = list(nodes)
    longest = max(map(len, pools))
    return [pool[turn] for turn in range(longest) for pool in pools if turn < len(pool)]


class Probing:
    """Goes round the probes.

    Parameters
    ----------
    collector
        Knows what there is to measure.
    clock
        Seconds that never go back.
    """

    def __init__(
        self,
        client: Client,
        settings: CollectorSettings,
        token: str,
        collector: Collector,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._settings = settings
        self._token = token
        self._collector = collector
        self._clock = clock
        self._ways: dict[_Key, Way] = {}
        self._last: dict[_Key, float | None] = {}
        self._profiles = Reflector[NodeProfile](
            client, NODE_PROFILES, NodeProfile, lambda _old, _new: None, label_selector=MEASURED_LABEL
        )

    def round_trips(self) -> list[RoundTrip]:
        """Tell what was measured last."""
        return [
            RoundTrip(
                client_site=client_site,
                site=site,
                milliseconds=None if trip is None else round(trip, 3),
                written_milliseconds=self._ways[client_site, site].written,
            )
            for (client_site, site), trip in sorted(self._last.items())
        ]

    async def run(self, session: aiohttp.ClientSession) -> NoReturn:
        """Measure for ever. Errors of probes and of the API server are retried; any other one is a bug."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._profiles.run())
            await self._profiles.synced.wait()
            while True:
                await asyncio.gather(*(self._round(session, probe) for probe in self._settings.probes))
                await self._tidy()
                await asyncio.sleep(self._settings.probe_seconds)

    async def _round(self, session: aiohttp.ClientSession, probe: ProbeAddress) -> None:
        by_site = targets(self._collector.replicas(), self._collector.device)
        pods = [ip for chosen in by_site.values() for ip in chosen]
        if not pods:
            return
        try:
            found = dict(zip(pods, await ask(session, probe.url, self._token, pods), strict=True))
        except ProbeError as error:
            self._collector.metrics.probe_failures.inc()
            logger.warning("not measured", extra={"site": probe.client_site, "error": str(error)})
            found = {}
        known = {site for client_site, site in self._last if client_site == probe.client_site}
        for site in sorted(known | by_site.keys()):
            trip = site_round_trip(found.get(ip) for ip in by_site.get(site, ()))
            await self._take(probe.client_site, site, trip)

    async def _take(self, client_site: str, site: str, trip: float | None) -> None:
        live = self._profiles.store.get(("", profile_name(client_site, site)))
        key, now = (client_site, site), self._clock()
        before = self._ways.get(key) or self._resumed(live)
        after = measured(before, trip, now)
        self._ways[key], self._last[key] = before, trip
        if after.written is not None and (after.written != before.written or self._renew(live, trip)):
            try:
                await self._write(live, client_site, site, after.written)
            except ApiError as error:
                # what is believed of the way stays as it was, so that the next round writes it
                logger.warning("measured latency not written", extra={"site": site, "error": str(error)})
                return
            if after.written != before.written:
                self._collector.metrics.latencies_written.inc()
                extra = {"from": client_site, "site": site, "milliseconds": after.written}
                logger.info("measured latency written", extra=extra)
        self._ways[key] = after

    def _resumed(self, live: NodeProfile | None) -> Way:
        wrote = read(live) if live else None
        is_valid = wrote is not None and wrote.valid_until > _now()
        return resumed(wrote.milliseconds, self._clock()) if wrote and is_valid else Way()

    def _renew(self, live: NodeProfile | None, trip: float | None) -> bool:
        """Tell whether what is written was measured again, and would be stale before long or is gone."""
        if trip is None:
            return False
        wrote = read(live) if live else None
        half = timedelta(seconds=self._settings.probe_expiry_seconds / 2)
        return wrote is None or wrote.valid_until - _now() < half

    async def _write(self, live: NodeProfile | None, client_site: str, site: str, milliseconds: int) -> None:
        document = profile(client_site, site, milliseconds, _now(), self._settings.probe_expiry_seconds)
        if live is None:
            # not by apply, which would make a profile of ours of one that somebody else gave this name
            await self._client.create(document)
            return
        meta = live.metadata
        document["metadata"] |= {"uid": meta.uid, "resourceVersion": meta.resource_version}
        await self._client.apply(document)

    async def _tidy(self) -> None:
        """Delete profiles of ours that are stale: they count for nothing already."""
        for live in list(self._profiles.store.values()):
            wrote = read(live)
            if wrote is None or wrote.valid_until > _now():
                continue
            self._ways.pop((wrote.client_site, wrote.site), None)
            self._last.pop((wrote.client_site, wrote.site), None)
            meta = live.metadata
            try:
                await self._client.delete(
                    NODE_PROFILES, None, meta.name, uid=meta.uid, resource_version=meta.resource_version
                )
            except (ConflictError, NotFoundError):
                continue
            except ApiError as error:
                logger.warning("stale profile not deleted", extra={"error": str(error)})


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  an edge: profiles end by the clock of the wall
