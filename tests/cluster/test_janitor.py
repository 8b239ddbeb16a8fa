"""The janitor: pods get a node when no operator decides, and nothing else changes."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from tests.cluster.conftest import StartOperator
from tests.support.faultproxy import FaultProxy
from tests.support.history import gates, pins
from tests.support.kubectl import Kubectl
from tests.support.operator_process import JanitorProcess, alarms
from tests.support.preconditions import is_conditional
from tests.support.rights import JANITOR, granted, kubeconfig_of_account, used
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.connection import from_kubeconfig
from fogline.cluster.documents import Document
from fogline.cluster.kinds import POD_DISRUPTION_BUDGETS, PODS

RENEWS_OFTEN = {"lease_seconds": 9}
"""Settings of an operator: every second, so that it is missed soon, and not because the machine is busy."""
PATIENCE_SECONDS = 6
"""Of a janitor that must not act: no operator that renews every second is silent for so long."""
LITTLE_PATIENCE_SECONDS = 3
"""Of one that acts; it looks twenty times in this time, and begins anew when it misses a fifth of it."""
WAIT = {"placement": {"onNoFit": "Wait", "dataSensitivity": "Restricted"}}
"""No node of these tests may hold this, so its pods wait on purpose."""


@pytest.fixture
async def janitor_proxy(kubectl: Kubectl, tmp_path: Path) -> AsyncIterator[FaultProxy]:
    """Stand between the janitor and the API server; it speaks with the janitor's rights."""
    kubeconfig = kubeconfig_of_account(kubectl, JANITOR, tmp_path / "account.yaml")
    async with FaultProxy(from_kubeconfig(kubeconfig)) as proxy:
        yield proxy


StartJanitor = Callable[..., Awaitable[JanitorProcess]]


@pytest.fixture
async def start_janitor(janitor_proxy: FaultProxy, tmp_path: Path) -> AsyncIterator[StartJanitor]:
    """Start the janitor with the settings that a test names."""
    started: list[JanitorProcess] = []

    async def start(**settings: object) -> JanitorProcess:
        kubeconfig = janitor_proxy.kubeconfig(tmp_path / "janitor.yaml")
        janitor = JanitorProcess(kubeconfig, tmp_path / "janitor", **settings)
        started.append(janitor)
        await janitor.start()
        return janitor

    yield start
    for janitor in started:
        sys.stdout.write(janitor.log())  # pytest shows it when the test fails
        assert await janitor.stop() == 0
        assert alarms(janitor.log()) == []
    assert [write for write in janitor_proxy.writes if not is_conditional(write)] == []


async def delete_one(world: World, model: str = "digits") -> str:
    """Delete a pod of a model; returns its name."""
    meta = (await world.pods(model))[0]["metadata"]
    await world.client.delete(PODS, world.namespace, meta["name"], uid=meta["uid"])
    return str(meta["name"])


async def ready_pods(world: World, model: str = "digits") -> list[Document]:
    """List the pods of a model that serve, as the cluster says: there is no operator to ask."""
    return [
        pod
        for pod in await world.pods(model)
        if any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"]["conditions"])
    ]


async def test_a_pod_that_is_replaced_while_no_operator_is_there_starts_and_nothing_else_moves(
    world: World, start_operator: StartOperator, start_janitor: StartJanitor, janitor_proxy: FaultProxy
) -> None:
    await world.add_node("a")
    await world.add_node("b")
    operator = await start_operator(**RENEWS_OFTEN)
    await world.apply_model(replicas=2)
    await world.apply_model("secret", **WAIT)
    await world.until_ready(2)
    await wait_for(lambda: world.events("NoFittingNode"), "the other one waits")
    operator.kill()
    await start_janitor(gate_timeout_seconds=LITTLE_PATIENCE_SECONDS)
    before = {pod["metadata"]["name"] for pod in await world.pods()}
    gone = await delete_one(world)

    async def is_replaced() -> bool:
        ready = await ready_pods(world)
        return len(ready) == 2 and gone not in [pod["metadata"]["name"] for pod in ready]

    await wait_for(is_replaced, "the successor serves")
    (successor,) = [pod for pod in await world.pods() if pod["metadata"]["name"] not in before]
    assert pins(successor) == {None}
    why = f"no operator was there for {LITTLE_PATIENCE_SECONDS} s"
    await wait_for(lambda: _is_said(world, why), "an Event says why")
    assert {write.method for write in janitor_proxy.writes} <= {"PATCH", "POST"}
    patched = {write.path.split("?")[0].rsplit("/", 1)[1] for write in janitor_proxy.writes}
    waiting = {pod["metadata"]["name"] for pod in await world.pods("secret")}
    assert patched - {"events"} <= {successor["metadata"]["name"], *waiting}
    await wait_for(lambda: _is_refused(world), "requirements hold without any operator")


async def _is_said(world: World, text: str) -> bool:
    return any(text in note for note in await world.events("PlacedWithoutPin"))


async def _is_refused(world: World) -> bool:
    """Tell whether kube-scheduler has the pod that may run nowhere, and gives it no node."""
    pod = (await world.pods("secret"))[0]
    return not gates(pod) and not pod["spec"].get("nodeName")


async def test_while_an_operator_is_there_pods_wait_as_their_model_says_and_the_janitor_does_nothing(
    world: World, start_operator: StartOperator, start_janitor: StartJanitor, janitor_proxy: FaultProxy
) -> None:
    await world.add_node()
    await start_operator(**RENEWS_OFTEN)
    patience = {"gate_timeout_seconds": PATIENCE_SECONDS, "budget_timeout_seconds": PATIENCE_SECONDS}
    janitor = await start_janitor(**patience)
    await world.apply_model("secret", **WAIT)
    await wait_for(lambda: world.events("NoFittingNode"), "the pod waits")
    await asyncio.sleep(PATIENCE_SECONDS + 2)  # nothing to wait for: that nothing comes is the point
    assert [gates(pod) != set() for pod in await world.pods("secret")] == [True]
    assert janitor_proxy.writes == []
    await wait_for(lambda: _is_well(janitor), "the janitor could help")


async def _is_well(janitor: JanitorProcess) -> bool:
    return await janitor.trouble() is None


async def test_a_budget_is_loosened_once_and_the_operator_restores_it(
    world: World, start_operator: StartOperator, start_janitor: StartJanitor, janitor_proxy: FaultProxy
) -> None:
    await world.add_node()
    operator = await start_operator(**RENEWS_OFTEN)
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    operator.kill()
    await start_janitor(gate_timeout_seconds=PATIENCE_SECONDS, budget_timeout_seconds=PATIENCE_SECONDS)
    await wait_for(lambda: _min_available(world, 1), "the budget is loosened")
    lists = _lists_of_budgets(janitor_proxy)
    await wait_for(lambda: _lists_of_budgets(janitor_proxy) >= lists + 5, "it has looked again")
    assert await _min_available(world, 1)
    assert len(await world.events("BudgetLoosened")) == 1
    await operator.start()
    await wait_for(lambda: _min_available(world, 2), "the operator restores the budget")
    await world.until_ready(2)
    assert await _min_available(world, 2)


async def _min_available(world: World, number: int) -> bool:
    budget = await world.client.get(POD_DISRUPTION_BUDGETS, world.namespace, "digits")
    return bool(budget["spec"]["minAvailable"] == number)


def _lists_of_budgets(proxy: FaultProxy) -> int:
    return sum("/poddisruptionbudgets?" in request.path for request in proxy.requests)


async def test_failed_pods_are_removed_when_no_operator_does_it_and_every_right_is_used(
    world: World, start_operator: StartOperator, start_janitor: StartJanitor, janitor_proxy: FaultProxy
) -> None:
    await world.add_node()
    operator = await start_operator(**RENEWS_OFTEN)
    await world.apply_model()
    await world.until_ready(1)
    operator.kill()
    failed = (await world.pods())[0]["metadata"]["name"]
    status = {"status": {"phase": "Failed", "reason": "OutOfcpu", "message": "no room"}}
    await world.patch(PODS, failed, status, subresource="status")
    await start_janitor(
        gate_timeout_seconds=LITTLE_PATIENCE_SECONDS, budget_timeout_seconds=LITTLE_PATIENCE_SECONDS + 1
    )

    async def is_removed() -> bool:
        names = [pod["metadata"]["name"] for pod in await world.pods()]
        return failed not in names and len(await ready_pods(world)) == 1

    await wait_for(is_removed, "the failed pod is gone and its successor serves")
    assert "OutOfcpu: no room" in await world.events("ReplicaFailed")
    await wait_for(lambda: world.events("BudgetLoosened"), "the budget is loosened")
    needed = used(janitor_proxy.requests)
    assert sorted(needed - granted(JANITOR)) == []
    assert sorted(granted(JANITOR) - needed) == []
