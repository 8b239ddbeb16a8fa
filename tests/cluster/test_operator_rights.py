"""The roles that are shipped for the operator: they grant what it needs, and nothing that it does not use.

That nothing is missing, every other test of the operator shows too: all of them run with these rights.
"""

from tests.cluster.conftest import StartOperator
from tests.support.faultproxy import FaultProxy
from tests.support.rights import NAMESPACE, OPERATOR, Right, granted, used
from tests.support.wait import wait_for
from tests.support.world import World
from tests.support.world_profiles import WorldProfiles

from fogline.cluster.kinds import PODS, SERVICES

CHECKED_INSIDE_THE_SERVER = {Right("fogline.dev", "modeldeployments/finalizers", "update")}
"""No request shows it: admission asks for it when an owner reference blocks deletion."""


async def test_every_right_is_used_and_none_is_missing(
    world: World,
    profiles: WorldProfiles,
    operator_proxy: FaultProxy,
    start_operator: StartOperator,
) -> None:
    await world.add_node("cloud")
    await world.kubectl("delete", "leases", "--all", f"--namespace={NAMESPACE}")
    await start_operator()
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
    await world.kubectl("cordon", world.node_name("cloud"))
    await world.until_on([spare])
    needed = used(operator_proxy.requests) | CHECKED_INSIDE_THE_SERVER
    assert sorted(needed - granted(OPERATOR)) == []
    assert sorted(granted(OPERATOR) - needed) == []


async def _is_missing(world: World, service: str) -> bool:
    return await world.child(SERVICES, service) is None
