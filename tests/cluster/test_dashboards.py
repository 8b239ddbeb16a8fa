"""Dashboards and rules against a real Prometheus that scrapes real processes."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest
from dev import libyaml
from dev.chart import CHART
from dev.dashboards import DASHBOARDS
from dev.dashboards.panels import RATE, Panel
from dev.ports import free_port
from dev.prometheus import Prometheus, Target, running
from tests.cluster.conftest import StartOperator
from tests.cluster.test_operator_rollouts import NEW, OLD, has_versions
from tests.cluster.test_operator_rollouts import serving as serving_image
from tests.collector.test_comparing import predicting
from tests.support.builders import make_variant
from tests.support.kubectl import Kubectl
from tests.support.metric_pages import busy, serving
from tests.support.model_server import Server, spawned, until_serving
from tests.support.operator_process import CollectorProcess, JanitorProcess, OperatorProcess
from tests.support.rights import COLLECTOR, JANITOR, WITH_PROBES, kubeconfig_of_account
from tests.support.tiny_models import tiny_models
from tests.support.training_world import TrainingWorld, answer
from tests.support.wait import wait_for
from tests.support.world import World
from tests.support.world_profiles import WorldProfiles

from fogline import health
from fogline.cluster.kinds import NODE_PROFILES
from fogline.collector.probe import Probe
from fogline.collector.written import profile_name
from fogline.names import TIER_LABEL, ZONE_LABEL

RULES = CHART / "files" / "rules" / "fogline.yaml"
SCRAPE_SECONDS = 0.5
TYPE = re.compile(r"^# TYPE (\S+)", re.MULTILINE)
"""Also of a metric without any series now, as of moves that are held."""
NAME = re.compile(r"(?<![\w:])(?:fogline[_:][\w:]+|:tensorflow:[\w:]+|process_\w+)")
PANELS = [panel for dashboard in DASHBOARDS.values() for panel in dashboard.panels]
TOKEN = "0123456789abcdef"  # noqa: S105  of this test
CLIENT_SITE = "plant"
SAMPLE = '{"instances": [1]}'


@dataclass(frozen=True, slots=True)
class Watched:
    """What Prometheus scrapes, and where the models are."""

    prometheus: Prometheus
    operator: OperatorProcess
    collector: CollectorProcess
    server: Server
    world: World


@pytest.fixture
async def watched(
    world: World, start_operator: StartOperator, kubectl: Kubectl, tmp_path: Path
) -> AsyncIterator[Watched]:
    """Start everything; there are no models yet."""
    operator = await start_operator(
        metrics_models=5, plan_idle_seconds=1, plan_every_seconds=1, resync_seconds=5
    )
    janitor = JanitorProcess(kubeconfig_of_account(kubectl, JANITOR, tmp_path / "janitor"), tmp_path / "log")
    (tmp_path / "token").write_text(TOKEN)
    probe_port = free_port()
    collector = CollectorProcess(
        kubeconfig_of_account(kubectl, COLLECTOR, tmp_path / "collector", WITH_PROBES),
        tmp_path / "collector-log",
        namespaces=world.namespace,
        scrape_seconds=1,
        metrics_models=5,
        metrics_nodes=5,
        probes=json.dumps([{"clientSite": CLIENT_SITE, "url": f"http://127.0.0.1:{probe_port}"}]),
        probe_seconds=1,
        probe_token_file=tmp_path / "token",
    )
    monitoring = tmp_path / "monitoring.txt"
    monitoring.write_text("prometheus_config { enable: true }")
    model = {"modeldeployment_namespace": world.namespace, "modeldeployment": "digits", "tier": "Cloud"}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(health.listen(Probe(TOKEN).application(), probe_port, ""))
        await janitor.start()
        stack.callback(janitor.end)
        await collector.start()
        stack.push_async_callback(collector.stop)
        flag = f"--monitoring_config_file={monitoring}"
        server = stack.enter_context(spawned(tiny_models() / "tflite", tmp_path / "server.log", flag))
        await until_serving(server)
        targets = [
            Target("fogline-operator", operator.url("").removeprefix("http://")),
            Target("fogline-janitor", janitor.url("").removeprefix("http://")),
            Target("fogline-collector", collector.url("").removeprefix("http://")),
            Target("models", f"127.0.0.1:{server.rest_port}", "/monitoring/prometheus/metrics", labels=model),
        ]
        folder = tmp_path / "prometheus"
        folder.mkdir()
        prometheus = stack.enter_context(running(folder, targets, every_seconds=SCRAPE_SECONDS, rules=RULES))
        yield Watched(prometheus, operator, collector, server, world)


@pytest.fixture
async def zone(world: World, kubectl: Kubectl) -> AsyncIterator[str]:
    """Name the zone of all nodes; what is measured of it is deleted at the end."""
    found = f"{world.namespace}-z"
    yield found
    name = profile_name(CLIENT_SITE, found)
    await asyncio.to_thread(kubectl, "delete", NODE_PROFILES.plural, name, "--ignore-not-found")


async def test_every_panel_has_data_and_every_name_exists(
    zone: str, watched: Watched, profiles: WorldProfiles
) -> None:
    """First nothing happens, then everything that panels tell of."""
    await until_data(watched, [panel for panel in PANELS if not panel.needs])
    await happen(watched.world, zone, profiles)
    await fail_a_training(watched.world)
    async with serving(busy()) as address, trial(watched.world):
        for pod in await watched.world.pods("digits"):
            await watched.world.give_address(pod["metadata"]["name"], address)
        await until_data(watched, PANELS)
    pages = [await one.metrics() for one in (watched.operator, watched.collector)]
    there = watched.prometheus.names() | {*TYPE.findall("".join(pages))}
    assert sorted(set(names_in_use()) - there) == []
    alerts = watched.prometheus.query('ALERTS{alertname!~"FoglineModelsNot.*"}')
    assert [labels["alertname"] for labels, _ in alerts if labels["alertstate"] == "firing"] == []


async def happen(world: World, zone: str, profiles: WorldProfiles) -> None:
    """Let replicas be placed, refused, moved by force and to save money."""
    cheap = await world.add_node("a", labels=facts(zone, "1"))
    dear = await world.add_node("b", labels=facts(zone, "2"))
    await world.add_node("e", "Edge", labels=facts(zone, "0.1"))
    await profiles.apply("cloud", {TIER_LABEL: "Cloud"}, capacityShare="0.9")
    rules = {"latency": {"targetMilliseconds": 20}}
    steady = {"cooldownSeconds": 1, "minSavingPercent": 1}
    await world.apply_model(placement=rules, rebalancing=steady)
    await world.apply_model("near", variants=[make_variant("edge", "Edge")])
    await world.apply_model("nowhere", placement={"dataSensitivity": "Restricted", "onNoFit": "Wait"})
    await world.until_ready(1)
    await world.until_ready(1, "near")
    await world.until("Placed", "False", name="nowhere")
    await world.cordon(cheap)
    await world.until_on([dear])
    await world.until_ready(1)
    await world.uncordon(cheap)
    await world.until_on([cheap])


async def fail_a_training(world: World) -> None:
    """Let a run end without a version."""
    training = TrainingWorld(world)
    await training.apply()
    (pod,) = await training.pods_of("digits-prepare-1")
    await training.end(pod, answer(reason="NotFinite", message="sample 3 of pixels is NaN"), 2, "Error")
    await training.until("Complete", "False", "NotFinite")


@asynccontextmanager
async def trial(world: World) -> AsyncIterator[None]:
    """Let one of two replicas try a new version, and both answer samples."""
    rules = {"canaryPercent": 50, "promoteAfterSeconds": 3600, "minAgreement": "1", "samples": [SAMPLE]}
    await world.apply_model("tried", replicas=2, variants=serving_image(OLD), rollout=rules)
    await world.until_ready(2, "tried")
    await world.edit_model({"variants": serving_image(NEW)}, "tried")
    await wait_for(lambda: has_versions(world, {OLD: 1, NEW: 1}, "tried"), "one of them serves it")
    async with predicting(to_1=[0.1, 0.9]) as (address, _):
        for pod in await world.pods("tried"):
            await world.give_address(pod["metadata"]["name"], address)
        yield


async def until_data(watched: Watched, panels: list[Panel]) -> None:
    """Wait until each of these panels shows something, while clients ask the model."""
    empty: list[str] = []

    async def all_shown() -> bool:
        nonlocal empty
        status, _ = await asyncio.to_thread(watched.server.rest_predict, {"instances": [[1, 2, 3]]})
        assert status == HTTPStatus.OK
        empty = [panel.title for panel in panels if not shown(watched.prometheus, panel)]
        return not empty

    await wait_for(
        all_shown,
        "all panels have data",
        every_seconds=SCRAPE_SECONDS,
        seen=lambda: f"no data in {empty}",
    )


def shown(prometheus: Prometheus, panel: Panel) -> bool:
    return any(prometheus.query(query.replace(RATE, "30s")) for query in panel.queries.values())


def names_in_use() -> Iterator[str]:
    """Give the names of the metrics that rules and dashboards ask for."""
    for panel in PANELS:
        for query in panel.queries.values():
            yield from NAME.findall(query)
    for group in libyaml.load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            yield from NAME.findall(rule["expr"])


def facts(zone: str, dollars: str) -> Mapping[str, str]:
    return {ZONE_LABEL: zone, "fogline.dev/cost-per-hour": dollars, "fogline.dev/latency-ms": "10"}
