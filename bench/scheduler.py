"""Fogline against kube-scheduler: the same replicas on the same simulated nodes of one control plane.

First ModelDeployments and the operator. Then kube-scheduler alone, with the same number of replicas for each
tier and client site, once as users do it and once told all that it can be told. ``NODES`` and ``REPLICAS``
in the environment change the size, which is 1,000 and 5,000.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from dev import controlplane
from dev.instances import Instance
from tests.support.operator_process import OperatorProcess
from tests.support.rights import OPERATOR, kubeconfig_of_account

from bench._scheduler_baseline import Way, by_hand, cheap_machines
from bench._scheduler_judge import Verdict, judge
from bench._scheduler_sites import Split, split_of
from bench._scheduler_watch import Timing, watched
from bench._scheduler_world import (
    CLIENT_QPS,
    PACKING,
    furnish,
    make_instance,
    model_document,
    namespace,
    start,
    untainted,
)
from fogline.cluster import objects
from fogline.cluster.client import Client
from fogline.cluster.connection import from_kubeconfig
from fogline.cluster.kinds import NODES
from fogline.cluster.limiter import Rate
from fogline.cluster.transport import Limits
from fogline.names import ModelKey
from fogline.placement import Demand

SIZE_NODES = int(os.environ.get("NODES", "1000"))
SIZE_REPLICAS = int(os.environ.get("REPLICAS", "5000"))
LIMIT_SECONDS = 120 + SIZE_REPLICAS / 10
"""For all pods of one run to be bound."""

_NAMESPACE = "fogline"
_WAYS = {
    "kube-scheduler": Way("default-scheduler", is_told_maxima=False),
    "kube-scheduler, told all": Way(PACKING, is_told_maxima=True),
}


@dataclass(frozen=True, slots=True)
class _Run:
    """How one way to place did."""

    timing: Timing
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Bench:
    """What all runs share."""

    instance: Instance
    client: Client
    nodes: Sequence[objects.Node]

    async def run(
        self, name: str, placing: Callable[[str], AbstractAsyncContextManager[None]]
    ) -> tuple[_Run, list[objects.Pod]]:
        """Let pods be placed in a namespace of their own; give the figures, and the pods as they ended."""
        async with namespace(self.client, name), watched(self.client, name) as seen, placing(name):
            await seen.until_placed(self.instance.replicas, LIMIT_SECONDS)
            pods = list(seen.pods.store.values())
        return _Run(seen.timing, judge(self.demands(name), self.nodes, pods)), pods

    def demands(self, namespace: str) -> list[Demand]:
        """Give what the models ask for in a namespace."""
        return [replace(one, model=ModelKey(namespace, one.model.name)) for one in self.instance.demands]


def main() -> None:
    """Measure, and print the figures."""
    asyncio.run(_main(make_instance(SIZE_NODES, SIZE_REPLICAS)))


async def _main(instance: Instance) -> None:
    async with _bench(instance) as (bench, operator):
        ours, pods = await _fogline(bench, operator)
        runs = {"Fogline": ours}
        split = split_of(bench.demands(_NAMESPACE), pods)
        for name, way in _WAYS.items():
            runs[name] = await _alone(bench, split, way)
    print(
        f"{len(instance.snapshot.nodes)} nodes, {instance.replicas} replicas of {len(instance.models)} models"
    )
    _print(runs)


@asynccontextmanager
async def _bench(instance: Instance) -> AsyncIterator[tuple[_Bench, OperatorProcess]]:
    """Start the control plane and bring the nodes; all is gone afterwards."""
    name = f"bench-{os.getpid()}"
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        try:
            plane = await asyncio.to_thread(start, name, folder)
            kubectl = await asyncio.to_thread(furnish, plane, instance, folder)
            fast = Rate(per_second=CLIENT_QPS, burst=CLIENT_QPS)
            async with Client(
                from_kubeconfig(plane.kubeconfig), Limits(decisions=fast, other=fast)
            ) as client:
                await untainted(client)
                account = kubeconfig_of_account(kubectl, OPERATOR, folder / "operator.yaml")
                nodes = (await client.list(NODES, objects.Node)).items
                yield (
                    _Bench(instance, client, nodes),
                    OperatorProcess(
                        account, folder / "log", pins_per_second=CLIENT_QPS, requests_per_second=CLIENT_QPS
                    ),
                )
        finally:
            await asyncio.to_thread(controlplane.remove, name)


async def _fogline(bench: _Bench, operator: OperatorProcess) -> tuple[_Run, list[objects.Pod]]:
    @asynccontextmanager
    async def placing(namespace: str) -> AsyncIterator[None]:
        await operator.start()
        try:
            for model in bench.instance.models:
                await bench.client.create(model_document(model, namespace))
            yield
        finally:
            await operator.stop()

    return await bench.run(_NAMESPACE, placing)


async def _alone(bench: _Bench, split: Mapping[str, Split], way: Way) -> _Run:
    """Let kube-scheduler place."""
    cheap = cheap_machines(bench.instance.snapshot.nodes)

    @asynccontextmanager
    async def placing(namespace: str) -> AsyncIterator[None]:
        for model in bench.instance.models:
            for document in by_hand(model, split[model.metadata.name], cheap, way, namespace):
                await bench.client.create(document)
        yield

    run, _ = await bench.run(way.scheduler, placing)
    return run


def _print(runs: Mapping[str, _Run]) -> None:
    """Print a table with one column for each way."""
    rate = runs["Fogline"].timing.bound_per_second
    rows: dict[str, list[str]] = {
        "": list(runs),
        "cost, USD/h": [f"{run.verdict.cost_per_hour:.2f}" for run in runs.values()],
        "penalty for latency, USD/h": [
            f"{run.verdict.latency_penalty_per_hour:.2f}" for run in runs.values()
        ],
        "nodes in use": [str(run.verdict.nodes) for run in runs.values()],
        "replicas without a node": [str(run.verdict.missing) for run in runs.values()],
        "within the latency target": [f"{run.verdict.within_target_percent:.1f} %" for run in runs.values()],
        "broken requirements": [str(run.verdict.broken.total()) for run in runs.values()],
        "pods bound per second": [f"{run.timing.bound_per_second:.0f}" for run in runs.values()],
        "Fogline's rate to it (goal 80 %)": [
            f"{100 * rate / run.timing.bound_per_second:.0f} %" for run in runs.values()
        ],
        "created to bound, p50": [f"{run.timing.waiting_seconds(50):.2f} s" for run in runs.values()],
        "created to bound, p99": [f"{run.timing.waiting_seconds(99):.2f} s" for run in runs.values()],
    }
    for name, values in rows.items():
        print(f"{name:34}" + "".join(f"{value:>26}" for value in values))
    for name, run in runs.items():
        for reason, count in run.verdict.broken.most_common():
            print(f"{name} broke {reason.value} {count} times")
