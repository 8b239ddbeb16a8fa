"""A few minutes of a cluster in which things happen, as the dashboard of the fleet shows them."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from dev.chart import CHART
from dev.cluster import simulated_node
from dev.dashboards import DASHBOARDS
from dev.paths import ROOT
from dev.prometheus import Target, running
from tests.support.operator_process import OperatorProcess

from bench.operator.picture import draw
from bench.operator.plane import UNTHROTTLED, Bench, bench, model
from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODES

PICTURE = ROOT / "docs" / "dashboard.svg"

_MODELS = 16
_STEADY = {"lease_seconds": 60}
"""Nobody would start it anew if it lost its Lease on a busy machine."""
_LIMIT_SECONDS = 300.0
_SCRAPE_SECONDS = 2.0
_MOVE_SECONDS = 30.0
"""In which replicas have left nodes that became dear."""
_POINTS = 120
_WINDOW = "15s"
"""Over which rates are taken."""


async def measure() -> None:
    """Let it happen, and draw it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with bench(_nodes(), UNTHROTTLED) as one:
            kubeconfig = one.proxy.kubeconfig(folder / "kubeconfig")
            operator = OperatorProcess(kubeconfig, folder / "log", **_STEADY)
            await operator.start()
            try:
                target = Target("fogline-operator", operator.url("").removeprefix("http://"))
                rules = CHART / "files" / "rules" / "fogline.yaml"
                with running(folder, [target], every_seconds=_SCRAPE_SECONDS, rules=rules) as prometheus:
                    began = time.time()
                    await _happen(one)
                    assert operator.is_running(), operator.log()
                    picture = draw(DASHBOARDS["fleet"], prometheus, (began, time.time()), _POINTS, _WINDOW)
            finally:
                await operator.stop()
    PICTURE.write_text(picture)
    print(f"wrote {PICTURE.relative_to(ROOT)}", flush=True)


async def _happen(one: Bench) -> None:
    """Models come, nodes are emptied and come back, prices change, and two models find no node."""
    for number in range(_MODELS):
        await one.create("models", [_model(f"model-{number:02}")])
        await asyncio.sleep(1)
    await one.until_ready(_LIMIT_SECONDS)
    await asyncio.sleep(15)
    for name in ("cloud-0", "edge-0", "edge-1"):
        await one.cordon(name)
    await one.settled()
    await asyncio.sleep(15)
    await one.create(
        "models", [_model(f"secret-{number}", dataSensitivity="Restricted") for number in (1, 2)]
    )
    await asyncio.sleep(15)
    for name in ("cloud-0", "edge-0", "edge-1"):
        await one.cordon(name, is_cordoned=False)
    for number in (2, 3, 4):
        price = {"metadata": {"labels": {"fogline.dev/cost-per-hour": "2"}}}
        await one.client.merge_patch(NODES, None, f"edge-{number}", price)
    await asyncio.sleep(_MOVE_SECONDS)
    await one.settled()
    await asyncio.sleep(15)


def _nodes() -> list[Document]:
    def node(name: str, tier: str, price: str, milliseconds: int) -> Document:
        labels = {
            "fogline.dev/tier": tier,
            "fogline.dev/cost-per-hour": price,
            "fogline.dev/latency-ms": str(milliseconds),
        }
        return simulated_node(name, labels, cpu="8" if tier == "Cloud" else "2")

    return [
        *(node(f"cloud-{number}", "Cloud", "0.8", 30) for number in range(6)),
        *(node(f"edge-{number}", "Edge", "0.1", 5) for number in range(10)),
    ]


def _model(name: str, **placement: Any) -> Document:
    rules = {
        "onNoFit": "Wait",
        "latency": {"targetMilliseconds": 20},
        "edge": {"minReplicas": 1, "maxReplicas": 1},
        **placement,
    }
    document = model(name, 2, placement=rules, rebalancing={"cooldownSeconds": 10, "minSavingPercent": 10})
    (cloud,) = document["spec"]["variants"]
    document["spec"]["variants"] = [cloud, {**cloud, "name": "edge", "tier": "Edge"}]
    return document
