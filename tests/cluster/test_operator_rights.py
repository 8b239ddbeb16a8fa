"""The roles that are shipped for the operator: they grant what it needs, and nothing that it does not use.

That nothing is missing, every other test of the operator shows too: all of them run with these rights. And
what happens when one of them is taken away while the operator runs.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from dev.chart import NAMESPACE
from tests.cluster.conftest import PATIENT, StartOperator
from tests.support.faultproxy import FaultProxy
from tests.support.kubectl import Kubectl
from tests.support.operator_process import OperatorProcess, WarmOperatorProcess, records
from tests.support.rights import OPERATOR, OwnAccount, Right, granted, kubeconfig_as, used
from tests.support.training_world import AWAITED, TrainingWorld
from tests.support.wait import wait_for
from tests.support.world import World
from tests.support.world_profiles import WorldProfiles

from fogline.cluster.connection import from_kubeconfig
from fogline.cluster.kinds import PODS, SERVICES

STALE_SECONDS = 600
"""What is not heard of for so long stops all decisions, which is not what is tried here."""
POD_CLEARANCE = "fogline-pod-clearance"
CHECKED_INSIDE_THE_SERVER = {
    Right("fogline.dev", f"{kind}/finalizers", "update") for kind in ("modeldeployments", "modeltrainings")
}
"""No request shows it: admission asks for it when an owner reference blocks deletion."""


async def test_every_right_is_used_and_none_is_missing(
    world: World,
    profiles: WorldProfiles,
    operator_proxy: FaultProxy,
    start_operator: StartOperator,
) -> None:
    await world.add_node("cloud")
    await world.kubectl("delete", "leases", "--all", f"--namespace={NAMESPACE}")
    await start_operator(policies=POD_CLEARANCE)
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    failed = (await world.pods())[0]["metadata"]["name"]
    await world.patch(PODS, failed, {"status": {"phase": "Failed"}}, subresource="status")
    await wait_for(lambda: world.events("ReplicaFailed"), "the failed pod is told")
    await world.until_ready(2)
    renamed = (await world.model())["spec"]["variants"]
    await world.edit_model({"replicas": 1, "variants": [{**renamed[0], "name": "other"}]})
    await world.until_ready(1)
    await world.edit_model({"service": {"perTier": True}})
    await wait_for(lambda: world.child(SERVICES, "digits-cloud"), "there is a Service of the tier")
    await world.edit_model({"service": {"perTier": False}})
    await wait_for(lambda: _is_missing(world, "digits-cloud"), "the Service of the tier is gone")
    await profiles.apply("all", costPerHour="1")
    await profiles.until("all", "Effective", "True", "InEffect")
    spare = await world.add_node("spare")
    await world.edit_model({"rebalancing": {"strategy": "Evict"}, "disruption": {"maxUnavailable": 1}})
    await world.cordon(world.node_name("cloud"))
    await world.until_on([spare])
    await _train(TrainingWorld(world))
    needed = used(operator_proxy.requests) | CHECKED_INSIDE_THE_SERVER
    assert sorted(needed - granted(OPERATOR)) == []
    assert sorted(granted(OPERATOR) - needed) == []


async def _train(training: TrainingWorld) -> None:
    """Let a training do everything: it finds a name taken, is suspended, publishes, and runs again."""
    target = {"name": "letters", "variants": [{"name": "cloud", "form": "SavedModel"}]}
    world = training.world
    await world.apply_model("letters", variants=AWAITED, placement={"dataSensitivity": "Internal"})
    await world.kubectl("create", "job", "digits-prepare-1", "--image=none")
    await training.apply(publish={"uri": "s3://models/digits", "modelDeployment": target})
    await training.until("Accepted", "False", "NameTaken")
    await world.kubectl("delete", "job", "digits-prepare-1")
    await training.pods_of("digits-prepare-1")
    await training.patch({"spec": {"suspend": True}})
    await training.pods_of("digits-prepare-1", 0)
    await training.patch({"spec": {"suspend": False}})
    await training.prepared()
    await training.trained()
    await training.published()
    await training.until("Complete", "True", "RunPublished")
    await training.patch({"spec": {"fit": {"epochs": 3}}})
    await training.pods_of("digits-prepare-2")


async def _is_missing(world: World, service: str) -> bool:
    return await world.child(SERVICES, service) is None


@pytest.fixture
def account(kubectl: Kubectl, operator_kubeconfig: Path) -> Iterator[OwnAccount]:
    """Give the operator of a test rights that no other one has; the namespace of its Lease is there."""
    assert operator_kubeconfig.exists()
    account = OwnAccount(kubectl, OPERATOR, "fogline-operator-with-less")
    yield account
    account.leave()


@pytest.fixture
async def proxy_of_account(
    account: OwnAccount, kubectl: Kubectl, tmp_path: Path
) -> AsyncIterator[FaultProxy]:
    """Stand between that operator and the API server."""
    kubeconfig = kubeconfig_as(kubectl, account.name, tmp_path / "account.yaml")
    async with FaultProxy(from_kubeconfig(kubeconfig)) as proxy:
        yield proxy


@pytest.fixture
async def operator_of_account(proxy_of_account: FaultProxy, tmp_path: Path) -> AsyncIterator[OperatorProcess]:
    """Run it. It must tell of nothing but of what is refused, and end well."""
    kubeconfig = proxy_of_account.kubeconfig(tmp_path / "proxy.yaml")
    operator = WarmOperatorProcess(kubeconfig, tmp_path / "log", **PATIENT, stale_seconds=STALE_SECONDS)
    try:
        await operator.start()
        yield operator
        assert await operator.stop() == 0
    finally:
        operator.kill()
    assert [one for one in records(operator.log()) if "exc_info" in one] == []


async def take(account: OwnAccount, world: World, resource: str, *verbs: str) -> None:
    """Take a right away, and wait until the API server knows."""
    account.take(resource, verbs)

    async def is_gone() -> bool:
        return not any([await account.may(world.client, resource, verb) for verb in verbs])

    await wait_for(is_gone, "the right is gone")


def refusals(operator: OperatorProcess, message: str, **fields: str) -> bool:
    """Tell whether the log tells of a missing right, in a record with some fields."""
    return any(
        record["message"] == message
        and "403 Forbidden" in record["error"]
        and fields.items() <= record.items()
        for record in records(operator.log())
    )


async def test_a_right_to_write_that_is_taken_away_is_told_and_stops_only_what_needs_it(
    world: World, account: OwnAccount, operator_of_account: OperatorProcess
) -> None:
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    await take(account, world, "pods", "patch")
    await world.apply_model("other")
    await wait_for(lambda: refusals(operator_of_account, "pin failed, trying again"), "the log tells")
    await world.until("Placed", "False", "Placing", "other")
    await world.edit_model({"service": {"perTier": True}})
    await wait_for(lambda: world.child(SERVICES, "digits-cloud"), "what needs other rights goes on")
    account.give_back()
    await world.until_ready(1, "other")


async def test_a_right_to_read_that_is_taken_away_is_told_and_what_changed_meanwhile_is_seen_afterwards(
    world: World, account: OwnAccount, operator_of_account: OperatorProcess, proxy_of_account: FaultProxy
) -> None:
    await world.add_node("first", cpu="1")
    await world.apply_model(placement={"onNoFit": "Wait"})
    await world.until_ready(1)
    await take(account, world, "nodes", "list", "watch")
    proxy_of_account.cut()
    told = "list or watch interrupted"
    await wait_for(lambda: refusals(operator_of_account, told, kind="nodes"), "the log tells")
    await world.add_node("second", cpu="1")
    await world.edit_model({"replicas": 2})
    await world.until("Placed", "False", "NoFit")
    account.give_back()
    await world.until_ready(2)
