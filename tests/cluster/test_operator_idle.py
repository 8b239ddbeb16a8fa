"""When nothing happens, the operator writes nothing."""

import asyncio
import time

from tests.cluster.conftest import StartOperator
from tests.support.builders import make_variant
from tests.support.faultproxy import FaultProxy
from tests.support.operator_process import OperatorProcess
from tests.support.wait import wait_for
from tests.support.world import World
from tests.support.world_profiles import WorldProfiles

from fogline.cluster.kinds import NODES, POD_DISRUPTION_BUDGETS
from fogline.names import TIER_LABEL

SETTLED_SECONDS = 4
"""A pass follows another one after a second: without a write for so long nothing is on its way any more."""
RESYNCS = 4


async def test_a_settled_operator_writes_nothing(
    world: World, profiles: WorldProfiles, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    node = await world.add_node("cloud", cpu="6")
    await world.add_node("edge", "Edge")
    await profiles.apply("cloud", {TIER_LABEL: "Cloud"}, costPerHour="1", validUntil="9999-01-01T00:00:00Z")
    await profiles.apply("tied", {TIER_LABEL: "Cloud"}, costPerHour="2")
    await profiles.apply("stale", costPerHour="3", validUntil="2020-01-01T00:00:00Z")
    await profiles.apply("nowhere", {TIER_LABEL: "Fog"}, costPerHour="4")
    await start_operator(resync_seconds=2, unstick_seconds=2)
    both = [make_variant("cloud", "Cloud"), make_variant("edge", "Edge")]
    await world.apply_model("both", replicas=3, variants=both, placement={"edge": {"minReplicas": 1}})
    await world.apply_model("one")
    await world.apply_model("none", replicas=0)
    await world.apply_model("asleep", suspend=True)
    await world.apply_model(
        "odd", variants=[make_variant("cloud", "Cloud", artifact={"uri": "oci://registry.example/digits"})]
    )
    await world.until_ready(3, "both")
    await world.until_ready(1, "one")
    await world.until("Ready", "True", "ScaledToZero", "none")
    await world.until("Suspended", "True", name="asleep")
    await world.until("Accepted", "False", name="odd")
    for short, reason in (("tied", "Conflicting"), ("stale", "Expired"), ("nowhere", "NoNodes")):
        await profiles.until(short, "Effective", "False", reason)
    # the last one: after a minute it would be told again that it finds no node
    await world.apply_model("waiting", placement={"onNoFit": "Wait", "dataSensitivity": "Restricted"})
    await wait_for(lambda: world.events("NoFittingNode"), "the waiting one is decided")
    await settled(operator_proxy)

    before, resyncs = len(operator_proxy.writes), resyncs_of(operator_proxy)

    async def has_resynced() -> bool:
        await heartbeat(world, node)
        return resyncs_of(operator_proxy) >= resyncs + RESYNCS

    await wait_for(has_resynced, "it has looked at everything several times", every_seconds=1)
    assert [f"{write.method} {write.path}" for write in operator_proxy.writes[before:]] == []


async def test_an_operator_that_starts_anew_writes_nothing(
    world: World, profiles: WorldProfiles, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    await world.add_node()
    await profiles.apply("a", costPerHour="1")
    await profiles.apply("b", costPerHour="2")
    operator = await start_operator()
    await profiles.until("b", "Effective", "False", "Conflicting")
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    await unchanging(world)
    await settled(operator_proxy)
    await operator.stop()
    served = len(operator_proxy.writes)
    await operator.start()
    await passed(operator)
    await asyncio.sleep(SETTLED_SECONDS)  # nothing to wait for: that nothing comes is the point
    assert [f"{write.method} {write.path}" for write in operator_proxy.writes[served:]] == []
    assert len(await profiles.events("b")) == 1


async def test_what_somebody_changed_while_no_operator_ran_is_set_right(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    await world.add_node()
    operator = await start_operator()
    await world.apply_model()
    await world.until_ready(1)
    await settled(operator_proxy)
    await operator.stop()
    await world.patch(POD_DISRUPTION_BUDGETS, "digits", {"spec": {"minAvailable": 0}})
    await operator.start()

    async def is_right() -> bool:
        budget = await world.child(POD_DISRUPTION_BUDGETS, "digits")
        return budget is not None and bool(budget["spec"]["minAvailable"] == 1)

    await wait_for(is_right, "the budget is as it should be")


async def passed(operator: OperatorProcess) -> None:
    """Wait until it has passed over a model."""

    async def has_passed() -> bool:
        return "fogline_reconcile_seconds_count 0.0" not in await operator.metrics()

    await wait_for(has_passed, "a model was passed over")


async def settled(proxy: FaultProxy) -> None:
    """Wait until no write has come for a while."""

    def no_news() -> bool:
        return time.monotonic() - proxy.writes[-1].at_seconds > SETTLED_SECONDS

    await wait_for(no_news, "the operator has settled")


async def unchanging(world: World) -> dict[tuple[str, str], str]:
    """Wait until Kubernetes' own controllers have settled, too; returns the versions of all objects."""
    found: dict[tuple[str, str], str] = {}

    async def is_same() -> bool:
        nonlocal found
        before, found = found, await world.versions()
        return before == found

    await wait_for(is_same, "nothing changes any more", every_seconds=2)
    return found


def resyncs_of(proxy: FaultProxy) -> int:
    """Count how often all models were listed."""
    return sum("/modeldeployments?limit=" in request.path for request in proxy.requests)


async def heartbeat(world: World, node: str) -> None:
    """Report what a kubelet reports every few minutes."""
    now = await world.client.get(NODES, None, node)
    second = int(now["metadata"]["resourceVersion"]) % 60
    condition = {"type": "MemoryPressure", "lastHeartbeatTime": f"2030-01-01T00:00:{second:02}Z"}
    await world.patch(NODES, node, {"status": {"conditions": [condition]}}, subresource="status")
