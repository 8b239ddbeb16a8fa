"""The collector on a cluster: it tells what model servers do, and decisions follow what it measures."""

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from dev.ports import free_port
from tests.cluster.conftest import StartOperator
from tests.cluster.test_operator_rollouts import NEW, OLD, has_versions, serve
from tests.cluster.test_operator_rollouts import serving as serving_image
from tests.collector.test_comparing import predicting
from tests.support.faultproxy import FaultProxy
from tests.support.kubectl import Kubectl
from tests.support.metric_pages import answered, busy, serving
from tests.support.operator_process import CollectorProcess, alarms
from tests.support.profiles import profile_document
from tests.support.rights import COLLECTOR, WITH_PROBES, granted, kubeconfig_of_account, used
from tests.support.wait import wait_for
from tests.support.world import World

from fogline import health
from fogline.cluster.client import Client
from fogline.cluster.connection import from_kubeconfig
from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODE_PROFILES, PODS
from fogline.collector.answer import Agreement, Answered, Revision
from fogline.collector.exposition import Refusal
from fogline.collector.wire import PATH, Question, RoundTrips
from fogline.collector.written import profile, profile_name
from fogline.errors import ApiError
from fogline.names import MEASURED_LABEL, ZONE_LABEL

TOKEN = "0123456789abcdef"  # noqa: S105  of these tests
QUICK = {"cooldownSeconds": 1, "minSavingPercent": 1}

StartCollector = Callable[..., Awaitable[CollectorProcess]]


@pytest.fixture
async def collector_proxy(kubectl: Kubectl, tmp_path: Path) -> AsyncIterator[FaultProxy]:
    """Stand between the collector and the API server; it speaks with the collector's rights."""
    kubeconfig = kubeconfig_of_account(kubectl, COLLECTOR, tmp_path / "account.yaml", WITH_PROBES)
    async with FaultProxy(from_kubeconfig(kubeconfig)) as proxy:
        yield proxy


@pytest.fixture
async def start_collector(
    world: World, collector_proxy: FaultProxy, tmp_path: Path
) -> AsyncIterator[StartCollector]:
    """Start the collector for the namespace of a test, with the settings that it names."""
    started: list[CollectorProcess] = []
    (tmp_path / "token").write_text(TOKEN)

    async def start(**settings: object) -> CollectorProcess:
        kubeconfig = collector_proxy.kubeconfig(tmp_path / "collector.yaml")
        own = {"namespaces": world.namespace, "probe_token_file": tmp_path / "token", "scrape_seconds": 1}
        collector = CollectorProcess(kubeconfig, tmp_path / "collector", **{**own, **settings})
        started.append(collector)
        await collector.start()
        return collector

    yield start
    for collector in started:
        sys.stdout.write(collector.log())  # pytest shows it when the test fails
        assert await collector.stop() == 0
        assert alarms(collector.log()) == []


async def figures(collector: CollectorProcess, query: str = "") -> Answered:
    return msgspec.json.decode(await collector.figures(query), type=Answered)


async def test_what_servers_do_is_told_by_tier_site_node_model_and_revision(
    world: World, start_operator: StartOperator, start_collector: StartCollector, collector_proxy: FaultProxy
) -> None:
    zone = f"{world.namespace}-z"
    labels = {ZONE_LABEL: zone, "fogline.dev/cost-per-hour": "0.36"}
    node = await world.add_node(labels=labels)
    await start_operator()
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    async with (
        serving(busy()) as good,
        serving(lambda: answered(":tensorflow:serving:request_count NaN")) as bad,
    ):
        names = sorted(pod["metadata"]["name"] for pod in await world.pods())
        for name, address in zip(names, (good, bad), strict=True):
            await world.give_address(name, address)
        collector = await start_collector(metrics_models=1, metrics_nodes=1)
        await wait_for(lambda: has_requests(collector), "requests are told", every_seconds=0.5)
        found = await figures(collector)
        assert await collector.trouble() is None
        metrics = await collector.metrics()
        await wait_for(lambda: is_in_time(collector), "a round of scrapes is in time")
        other = await figures(collector, "?model=other/model")
    (trouble,) = found.pods.troubles
    assert (trouble.pod, trouble.node, trouble.reason) == (names[1], node, Refusal.BAD_VALUE)
    assert (found.pods.known, found.pods.answering) == (2, 1)
    model = f"{world.namespace}/digits"
    assert (list(found.tiers), list(found.sites), list(found.nodes)) == (["Cloud"], [zone], [node])
    assert list(found.models) == [model]
    for group in (
        found.total,
        found.tiers["Cloud"],
        found.sites[zone],
        found.nodes[node],
        found.models[model],
    ):
        assert group.requests > 0
        assert group.error_rate == 0.1
        assert group.latency_milliseconds is not None
        assert group.latency_milliseconds.p50 <= group.latency_milliseconds.p99
        assert group.cost_per_hour == "0.36"
        assert group.memory.used == 2**27
    (revision,) = found.revisions
    assert (revision.model, revision.variant, revision.version) == ("digits", "cloud", "1")
    assert found.covered_seconds < found.window_seconds
    assert (other.models, other.revisions) == ({}, ())
    assert f'modeldeployment="digits",modeldeployment_namespace="{world.namespace}"' in metrics
    assert 'fogline_collector_error_ratio{tier="Cloud"} 0.1' in metrics
    assert f'fogline_collector_site_error_ratio{{site="{zone}"}} 0.1' in metrics
    assert f'fogline_collector_node_cpu_utilisation_ratio{{node="{node}"}}' in metrics
    assert f"fogline_collector_revision_error_ratio{{{_labels(revision)}}} 0.1" in metrics
    assert 'fogline_collector_scrapes_total{result="BadValue"}' in metrics
    assert used(collector_proxy.requests) == granted(COLLECTOR)


def _labels(one: Revision) -> str:
    named = {
        "modeldeployment": one.model,
        "modeldeployment_namespace": one.namespace,
        "revision": one.revision,
        "variant": one.variant,
        "version": one.version,
    }
    return ",".join(f'{name}="{value}"' for name, value in named.items())


async def has_requests(collector: CollectorProcess) -> bool:
    found = await figures(collector)
    return found.total.requests > 0 and bool(found.total.cost_per_hour)


async def is_in_time(collector: CollectorProcess) -> bool:
    return "fogline_collector_late_seconds 0.0" in await collector.metrics()


async def test_a_canary_is_sent_samples_and_whether_it_agrees_is_told(
    world: World, start_operator: StartOperator, start_collector: StartCollector
) -> None:
    await start_operator()
    collector = await start_collector()
    limits = {"minAgreement": "1", "samples": ['{"instances": [1]}', '{"instances": [2]}']}
    await serve(world, promoteAfterSeconds=3600, **limits)
    await world.edit_model({"variants": serving_image(NEW)})
    await wait_for(lambda: has_versions(world, {OLD: 2, NEW: 2}), "half of them serve it")
    async with (
        predicting(to_1=[0.1, 0.9], to_2=[0.1, 0.9]) as (old, _),
        predicting(to_1=[0.2, 0.8], to_2=[0.9, 0.1]) as (new, _),
    ):
        for pod in await world.pods():
            image = pod["spec"]["containers"][0]["image"]
            await world.give_address(pod["metadata"]["name"], old if image == OLD else new)
        await world.until("RolledOut", "False", "FiguresMissing")

        async def is_told() -> bool:
            found = {one.agreement for one in (await figures(collector)).revisions}
            return found == {None, Agreement(samples=2, alike=1)}

        await wait_for(is_told, "one of two samples is alike", every_seconds=0.3)


class Plant:
    """A probe at a client site that measures what a test says of each node."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.rounds = 0
        self.trips: Mapping[str, Sequence[float]] = {}
        """By node: what is measured, one after the other, again and again."""

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a question of the collector."""
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        asked = msgspec.json.decode(await request.read(), type=Question)
        nodes = {pod["status"].get("podIP"): pod["spec"]["nodeName"] for pod in await self._pods()}
        trips = [self.trips.get(nodes.get(ip, ""), ()) for ip in asked.targets]
        found = [row[self.rounds % len(row)] if row else None for row in trips]
        self.rounds += 1
        return web.Response(body=msgspec.json.encode(RoundTrips(tuple(found))))

    async def _pods(self) -> list[Document]:
        listing = await self._world.client.list(PODS, namespace=self._world.namespace)
        return [pod for pod in listing.items if pod["spec"].get("nodeName")]

    async def measures(self, trips: Mapping[str, Sequence[float]], rounds: int) -> None:
        """Let it measure so, for so many rounds."""
        self.trips, end = trips, self.rounds + rounds
        await wait_for(lambda: self.rounds >= end, "it was asked often enough", every_seconds=0.2)


@asynccontextmanager
async def plant(world: World) -> AsyncIterator[tuple[Plant, str]]:
    made, port = Plant(world), free_port()
    application = web.Application()
    application.add_routes([web.post(PATH, made.answer)])
    async with health.listen(application, port, ""):
        yield made, f"http://127.0.0.1:{port}"


@pytest.fixture
async def sites(world: World) -> AsyncIterator[list[str]]:
    """Name the two sites of a test; measured profiles of them are deleted at the end."""
    found = [f"{world.namespace}-{name}" for name in "ab"]
    yield found
    for one in (await world.client.list(NODE_PROFILES, label_selector=MEASURED_LABEL)).items:
        meta = one["metadata"]
        if one["spec"]["nodeSelector"][ZONE_LABEL] in found:
            await world.client.delete(NODE_PROFILES, None, meta["name"], uid=meta["uid"])


async def test_a_decision_follows_what_lasts_once_and_nothing_that_flaps(
    world: World, sites: list[str], start_operator: StartOperator, start_collector: StartCollector
) -> None:
    near, far = [
        await world.add_node(short, labels={ZONE_LABEL: site})
        for short, site in zip("ab", sites, strict=True)
    ]
    await start_operator()
    await world.apply_model("anchor", replicas=2, placement={"spread": {"maxPerNode": 1}})
    await world.until_ready(2, "anchor")
    async with plant(world) as (probe, url):
        probe.trips = {near: [10], far: [50]}
        told = json.dumps([{"clientSite": "plant", "url": url}])
        collector = await start_collector(probes=told, probe_seconds=1)
        await wait_for(lambda: measured_is(world, sites, 10, 50), "both ways are written", every_seconds=0.3)
        placement = {
            "clients": [{"site": "plant", "weight": 1}],
            "latency": {"targetMilliseconds": 5},
            "latencyPenaltyPerMillisecond": "0.1",
        }
        await world.apply_model(placement=placement, rebalancing=QUICK)
        await world.until_ready(1)
        await world.until_on([near])

        before = await versions(world, sites)
        await probe.measures({near: [10, 90], far: [50, 5]}, 8)
        assert await versions(world, sites) == before

        await probe.measures({near: [90], far: [5]}, 3)
        await wait_for(lambda: measured_is(world, sites, 90, 25), "the change is written", every_seconds=0.3)
        await world.until_on([far])
        after = await versions(world, sites)
        await probe.measures({near: [90, 90, 10], far: [5]}, 8)
        assert await versions(world, sites) == after
        assert (await world.model())["status"]["moves"]["completed"] == 1
        assert await world.nodes_of() == [far]
        trips = {one.site: one for one in (await figures(collector)).round_trips}
    assert {site: one.written_milliseconds for site, one in trips.items()} == dict(
        zip(sites, (90, 25), strict=True)
    )


async def read(world: World, site: str) -> Document | None:
    try:
        return await world.client.get(NODE_PROFILES, None, profile_name("plant", site))
    except ApiError:
        return None


async def measured_is(world: World, sites: Sequence[str], *milliseconds: int) -> bool:
    found = [await read(world, site) for site in sites]
    return [one and one["spec"]["latency"][0]["milliseconds"] for one in found] == [*milliseconds]


async def versions(world: World, sites: Sequence[str]) -> list[int]:
    """Count how often what profiles say was changed."""
    return [one["metadata"]["generation"] for site in sites if (one := await read(world, site))]


async def test_what_is_not_measured_any_more_becomes_stale_and_goes(
    world: World, sites: list[str], start_operator: StartOperator, start_collector: StartCollector
) -> None:
    node = await world.add_node(labels={ZONE_LABEL: sites[0]})
    await start_operator()
    await world.apply_model()
    await world.until_ready(1)
    async with plant(world) as (probe, url):
        probe.trips = {node: [10]}
        told = json.dumps([{"clientSite": "plant", "url": url}])
        await start_collector(probes=told, probe_seconds=1, probe_expiry_seconds=8)
        await wait_for(lambda: measured_is(world, sites[:1], 10), "it is written", every_seconds=0.3)
        first = await read(world, sites[0])
        assert first is not None

        async def is_renewed() -> bool:
            now = await read(world, sites[0])
            return now is not None and now["spec"]["validUntil"] > first["spec"]["validUntil"]

        await wait_for(is_renewed, "what is measured again is renewed", every_seconds=0.3)
        probe.trips = {}

        async def is_gone() -> bool:
            return await read(world, sites[0]) is None

        await wait_for(is_gone, "it has become stale, and is deleted", every_seconds=0.3)


@pytest.fixture
async def as_collector(kubectl: Kubectl, tmp_path: Path) -> AsyncIterator[Client]:
    """Be the collector, with all rights that it may have."""
    kubeconfig = kubeconfig_of_account(kubectl, COLLECTOR, tmp_path / "account.yaml", WITH_PROBES)
    async with Client(from_kubeconfig(kubeconfig)) as client:
        yield client


async def test_the_account_of_the_collector_writes_measured_latencies_and_nothing_else(
    namespace: str, client: Client, as_collector: Client
) -> None:
    own = profile("plant", namespace, 10, datetime(2030, 1, 1, tzinfo=UTC), 60)
    name = own["metadata"]["name"]
    unmarked = {**own, "metadata": {"name": name}}
    priced = {**own, "spec": {**own["spec"], "costPerHour": "0"}}
    endless = {**own, "spec": {key: value for key, value in own["spec"].items() if key != "validUntil"}}
    everywhere = {**own, "spec": {**own["spec"], "nodeSelector": {}}}
    for wrong in (unmarked, priced, endless, everywhere):
        with pytest.raises(ApiError, match="the collector may"):
            await as_collector.create(wrong)
    admins = await client.create(
        profile_document(f"{namespace}-admin", {ZONE_LABEL: namespace}, costPerHour="1")
    )
    taken = {**own, "metadata": {**own["metadata"], "name": admins["metadata"]["name"]}}
    with pytest.raises(ApiError, match="the collector may"):
        await as_collector.apply(taken)
    with pytest.raises(ApiError, match="the collector may"):
        await as_collector.delete(
            NODE_PROFILES, None, admins["metadata"]["name"], uid=admins["metadata"]["uid"]
        )
    made = await as_collector.create(own)
    await as_collector.delete(NODE_PROFILES, None, name, uid=made["metadata"]["uid"])
    await client.delete(NODE_PROFILES, None, admins["metadata"]["name"], uid=admins["metadata"]["uid"])
