"""What is left when Fogline is uninstalled: models that go on without it, or nothing."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from dev.chart import NAMESPACE
from tests.cluster.conftest import StartOperator
from tests.support.faultproxy import FaultProxy
from tests.support.history import gates, pins
from tests.support.judging.seen import is_ready
from tests.support.kubectl import Kubectl
from tests.support.operator_process import OperatorProcess, UninstallProcess, alarms
from tests.support.policies import install, policies, remove
from tests.support.preconditions import is_conditional
from tests.support.rights import UNINSTALL, Right, granted, kubeconfig_of_account, used
from tests.support.training_world import TrainingWorld
from tests.support.wait import wait_for
from tests.support.world import World
from tests.support.world_profiles import WorldProfiles

from fogline.cluster.client import Client
from fogline.cluster.connection import from_kubeconfig
from fogline.cluster.documents import Document
from fogline.cluster.kinds import (
    DEPLOYMENTS,
    JOBS,
    LEASES,
    MODEL_DEPLOYMENTS,
    MODEL_TRAININGS,
    NODE_PROFILES,
    POD_DISRUPTION_BUDGETS,
    PODS,
    REPLICA_SETS,
    Kind,
)
from fogline.errors import NotFoundError
from fogline.names import GATE, OPERATOR_LEASE
from fogline.uninstall.gates import PAUSED_ANNOTATION

OPEN_GATE = Right("", "pods", "patch")
REMOVE = {"uninstall": {"models": "Remove"}}

Uninstall = Callable[..., Awaitable[int]]


@pytest.fixture(scope="module", autouse=True)
def _without_policies(kubectl: Kubectl) -> Iterator[None]:
    """Let all else of the chart be gone, as it is when the hook runs."""
    remove(kubectl, policies())
    yield
    install(kubectl, policies())


@pytest.fixture
def needed() -> set[Right]:
    """Collect the rights that uninstallations of a test needed."""
    return set()


@pytest.fixture
def uninstall(world: World, kubectl: Kubectl, needed: set[Right], tmp_path: Path) -> Uninstall:
    """Do what the hook of the chart does, with its rights, in the namespace of the test; judge its writes."""

    async def run(values: Mapping[str, Any] | None = None, **settings: object) -> int:
        kubeconfig = kubeconfig_of_account(kubectl, UNINSTALL, tmp_path / "account.yaml", values)
        async with FaultProxy(from_kubeconfig(kubeconfig)) as proxy:
            process = UninstallProcess(
                proxy.kubeconfig(tmp_path / "proxy.yaml"),
                tmp_path / "log",
                namespaces=world.namespace,
                **settings,
            )
            process.spawn()
            code = await process.ended()
            assert alarms(process.log()) == [] or code != 0
            assert [write for write in proxy.writes if not is_conditional(write)] == []
            needed.update(used(proxy.requests))
            assert sorted(needed - granted(UNINSTALL, values)) == []
        return code

    return run


def uids(documents: Sequence[Document]) -> set[str]:
    return {one["metadata"]["uid"] for one in documents}


async def children(world: World, kind: Kind) -> Sequence[Document]:
    return (await world.client.list(kind, namespace=world.namespace)).items


def is_gated(document: Document) -> bool:
    gates = document["spec"]["template"]["spec"].get("schedulingGates", ())
    return GATE in [gate["name"] for gate in gates]


async def serving(world: World) -> list[Document]:
    """List the pods that serve, as the cluster says: there is no operator to ask."""
    return [pod for pod in await world.pods() if is_ready(pod)]


async def test_models_go_on_untouched_and_their_next_pods_wait_for_nobody(
    world: World, start_operator: StartOperator, uninstall: Uninstall, needed: set[Right]
) -> None:
    await world.add_node("a")
    await world.add_node("b")
    operator = await start_operator()
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    await leave_a_former_template(world)
    await TrainingWorld(world).apply()
    training = uids(await TrainingWorld(world).pods_of("digits-prepare-1"))
    assert await operator.stop() == 0
    before, sets = uids(await world.pods()), await children(world, REPLICA_SETS)

    assert await uninstall() == 0
    assert granted(UNINSTALL) - needed == {OPEN_GATE}, "no pod waits"

    (deployment,) = await children(world, DEPLOYMENTS)
    assert not is_gated(deployment)
    assert not deployment["spec"].get("paused")
    assert PAUSED_ANNOTATION not in deployment["metadata"]["annotations"]
    (kept,) = await children(world, REPLICA_SETS)
    assert kept["metadata"]["uid"] in uids(sets)
    assert not is_gated(kept)
    (budget,) = await children(world, POD_DISRUPTION_BUDGETS)
    assert budget["spec"]["minAvailable"] == 1, "a drain would wait for ever"
    await wait_for(lambda: is_through(world), "the Deployment controller has seen it all")
    assert uids(await world.pods()) == before
    assert uids(await TrainingWorld(world).pods_of("digits-prepare-1")) == training, "its Job goes on"

    gone, other = await world.pods()
    meta = gone["metadata"]
    await world.client.delete(PODS, world.namespace, meta["name"], uid=meta["uid"])
    await wait_for(lambda: two_serve_without(world, meta["uid"]), "a successor serves")
    (successor,) = [pod for pod in await world.pods() if pod["metadata"]["uid"] not in before]
    assert not gates(successor)
    world.history.excused.add(f"{successor['metadata']['name']} was made without our gate")
    assert pins(successor) == {None}
    assert other["metadata"]["uid"] in uids(await world.pods())
    with pytest.raises(NotFoundError):
        await world.client.get(LEASES, NAMESPACE, OPERATOR_LEASE)

    await start_operator()
    await world.until_ready(2)
    await wait_for(lambda: gated_again(world), "a new installation takes the model over")


async def leave_a_former_template(world: World) -> None:
    """Roll out once, so that there is a ReplicaSet of before."""
    before = uids(await world.pods())
    (variant,) = (await world.model())["spec"]["variants"]
    request = {"resources": {"requests": {"cpu": "11m"}}}
    await world.edit_model({"variants": [{**variant, **request}]})
    await wait_for(lambda: none_of(world, before), "all pods are new")
    await world.until_ready(2)
    assert len(await children(world, REPLICA_SETS)) == 2


async def none_of(world: World, before: set[str]) -> bool:
    return not before & uids(await world.pods())


async def is_through(world: World) -> bool:
    (deployment,) = await children(world, DEPLOYMENTS)
    status = deployment["status"]
    return bool(
        status["observedGeneration"] == deployment["metadata"]["generation"]
        and status["updatedReplicas"] == status["replicas"] == 2
    )


async def two_serve_without(world: World, gone: str) -> bool:
    found = uids(await serving(world))
    return len(found) == 2 and gone not in found


async def gated_again(world: World) -> bool:
    return [is_gated(one) for one in await children(world, DEPLOYMENTS)] == [True]


async def test_pods_that_wait_when_the_operator_is_already_dead_are_let_go(
    world: World, start_operator: StartOperator, uninstall: Uninstall, needed: set[Right]
) -> None:
    await world.add_node()
    operator = await start_operator()
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    operator.kill()
    await shorten_the_lease(world.client)
    gone = (await world.pods())[0]["metadata"]
    await world.client.delete(PODS, world.namespace, gone["name"], uid=gone["uid"])
    await wait_for(lambda: one_waits(world), "the successor waits")

    assert await uninstall() == 0

    assert OPEN_GATE in needed
    await wait_for(lambda: two_serve_without(world, gone["uid"]), "the successor serves")


async def shorten_the_lease(client: Client) -> None:
    """Let the Lease of a dead operator last no longer than a test can wait.

    An operator that has so short a Lease while it lives loses it on a busy machine.
    """
    await client.merge_patch(LEASES, NAMESPACE, OPERATOR_LEASE, {"spec": {"leaseDurationSeconds": 1}})


async def one_waits(world: World) -> bool:
    return [GATE in gates(pod) for pod in await world.pods()].count(True) == 1


async def test_models_are_removed_with_all_that_is_theirs_if_a_value_says_so(
    world: World,
    profiles: WorldProfiles,
    start_operator: StartOperator,
    uninstall: Uninstall,
    needed: set[Right],
) -> None:
    await world.add_node()
    operator = await start_operator()
    await world.apply_model()
    await world.until_ready(1)
    await profiles.apply("all", costPerHour="1")
    await TrainingWorld(world).apply()
    await TrainingWorld(world).pods_of("digits-prepare-1")
    await stop(operator)

    assert await uninstall(REMOVE, models_afterwards="Remove") == 0
    assert sorted(granted(UNINSTALL, REMOVE) - needed) == []
    assert await children(world, MODEL_DEPLOYMENTS) == []
    assert await children(world, MODEL_TRAININGS) == []
    assert (await world.client.list(NODE_PROFILES)).items == []
    await wait_for(lambda: nothing_is_left(world), "all children are gone")


async def nothing_is_left(world: World) -> bool:
    kinds = (DEPLOYMENTS, REPLICA_SETS, JOBS, POD_DISRUPTION_BUDGETS, PODS)
    return not any([await children(world, kind) for kind in kinds])


async def stop(operator: OperatorProcess) -> None:
    assert await operator.stop() == 0


async def test_what_is_not_done_in_time_is_named_and_the_process_ends(
    world: World, client: Client, uninstall: Uninstall, start_operator: StartOperator
) -> None:
    await world.add_node()
    operator = await start_operator()
    await world.apply_model()
    await world.until_ready(1)
    await stop(operator)
    lease = (await client.get(LEASES, NAMESPACE, OPERATOR_LEASE))["metadata"]
    held = {"spec": {"holderIdentity": "somebody", "leaseDurationSeconds": 60}}
    await client.merge_patch(LEASES, NAMESPACE, lease["name"], held)

    assert await uninstall(limit_seconds=1) == 2

    assert [is_gated(one) for one in await children(world, DEPLOYMENTS)] == [True]
    free = {"spec": {"holderIdentity": ""}}
    await client.merge_patch(LEASES, NAMESPACE, lease["name"], free)
