"""When nothing happens, the operator writes nothing."""

import asyncio

from tests.cluster.conftest import StartOperator
from tests.support.builders import make_variant
from tests.support.faultproxy import FaultProxy
from tests.support.wait import wait_for
from tests.support.world import World
from tests.support.world_profiles import WorldProfiles

from fogline.cluster.kinds import NODES
from fogline.names import TIER_LABEL

QUIET_SECONDS = 8
"""Long enough for several resyncs and for all that a write could set off."""


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
    await world.apply_model("waiting", placement={"onNoFit": "Wait", "dataSensitivity": "Restricted"})
    await world.until_ready(3, "both")
    await world.until_ready(1, "one")
    await world.until("Ready", "True", "ScaledToZero", "none")
    await world.until("Suspended", "True", name="asleep")
    await world.until("Accepted", "False", name="odd")
    await wait_for(lambda: world.events("NoFittingNode"), "the waiting one is decided")
    for short, reason in (("tied", "Conflicting"), ("stale", "Expired"), ("nowhere", "NoNodes")):
        await profiles.until(short, "Effective", "False", reason)
    await settled(operator_proxy)

    before = len(operator_proxy.writes)
    for _ in range(QUIET_SECONDS):
        await heartbeat(world, node)
        await asyncio.sleep(1)  # nothing to wait for: that nothing comes is the point
    assert [f"{write.method} {write.path}" for write in operator_proxy.writes[before:]] == []


async def test_an_operator_that_starts_anew_changes_nothing(
    world: World, profiles: WorldProfiles, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    await world.add_node()
    await profiles.apply("a", costPerHour="1")
    await profiles.apply("b", costPerHour="2")
    operator = await start_operator()
    await profiles.until("b", "Effective", "False", "Conflicting")
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    await settled(operator_proxy)
    await operator.stop()
    before = await world.versions()
    served = len(operator_proxy.writes)
    await operator.start()
    await wait_for(lambda: len(operator_proxy.writes) >= served + 3, "it has applied the children")
    await settled(operator_proxy)
    assert await world.versions() == before
    assert [write.path for write in operator_proxy.writes[served:] if "nodeprofiles" in write.path] == []
    assert len(await profiles.events("b")) == 1


async def settled(proxy: FaultProxy) -> None:
    """Wait until no write has come for a second."""
    last = -1

    async def no_news() -> bool:
        nonlocal last
        before, last = last, len(proxy.writes)
        await asyncio.sleep(1)
        return before == len(proxy.writes)

    await wait_for(no_news, "the operator has settled", 30)


async def heartbeat(world: World, node: str) -> None:
    """Report what a kubelet reports every few minutes."""
    now = await world.client.get(NODES, None, node)
    second = int(now["metadata"]["resourceVersion"]) % 60
    condition = {"type": "MemoryPressure", "lastHeartbeatTime": f"2030-01-01T00:00:{second:02}Z"}
    await world.patch(NODES, node, {"status": {"conditions": [condition]}}, subresource="status")
