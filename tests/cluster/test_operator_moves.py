"""Replicas that move: the replacement is Ready before the victim goes."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from tests.support.builders import make_variant
from tests.support.judging.seen import condition
from tests.support.kubectl import Kubectl
from tests.support.wait import wait_for
from tests.support.world import World, new_world

from fogline.cluster.client import Client
from fogline.cluster.documents import Document
from fogline.cluster.kinds import DEPLOYMENTS
from fogline.names import MOVE_PREFIX, REPLACES_ANNOTATION

pytestmark = pytest.mark.usefixtures("operator")

CHEAP = {"fogline.dev/cost-per-hour": "0.1"}
DEAR = {"fogline.dev/cost-per-hour": "9"}
CLOUD, EDGE = make_variant("cloud", "Cloud"), make_variant("edge", "Edge")


async def test_a_cordoned_node_is_left_once_the_replacement_is_ready(world: World) -> None:
    left = await world.add_node("a", labels=CHEAP)
    kept = await world.add_node("b", labels=DEAR)
    await world.apply_model()
    await world.until_ready(1)
    assert await world.nodes_of() == [left]
    await world.cordon(left)
    await world.until_on([kept])
    await world.until_ready(1)
    (completed,) = await history(world, 1)
    assert (completed["from"], completed["to"], completed["reason"]) == (left, kept, "NodeCordoned")
    (event,) = await world.until_told("MoveCompleted")
    assert f"from {left} to {kept} (NodeCordoned)" in event


async def test_moves_under_change_end_as_they_should(client: Client, kubectl: Kubectl) -> None:
    """Tell several stories at once, each in a world of its own."""
    async with AsyncExitStack() as stack:
        made = [await stack.enter_async_context(new_world(client, kubectl)) for _ in STORIES]
        await asyncio.gather(*(story(world) for story, world in zip(STORIES, made, strict=True)))


async def a_variant_leaves(world: World) -> None:
    """Replicas of a variant that left the spec stay until others serve, then its Deployment goes."""
    await world.add_node("cloud", labels=CHEAP)
    edge = await world.add_node("edge", "Edge", labels=DEAR)
    await world.apply_model(replicas=2, variants=[CLOUD, EDGE])
    await world.until_ready(2)
    await world.edit_model({"variants": [EDGE]})
    assert [one["reason"] for one in await history(world, 2)] == ["VariantLeft"] * 2
    assert await world.nodes_of() == [edge, edge]
    await wait_for(lambda: gone(world, "digits-cloud"), "the Deployment of the variant is gone")
    assert await fewest_ready(world) == 2


async def an_eviction(world: World) -> None:
    """With strategy Evict one replica after the other goes first, as the disruption budget allows."""
    left = await world.add_node("a", labels=CHEAP)
    kept = await world.add_node("b", labels=DEAR)
    await world.apply_model(replicas=2, rebalancing={"strategy": "Evict"}, disruption={"maxUnavailable": 1})
    await world.until_ready(2)
    await world.cordon(left)
    await history(world, 2)
    assert await world.nodes_of() == [kept, kept]
    assert await fewest_ready(world) == 1
    assert max_alive(world) == 2


async def no_room_in_the_quota(world: World) -> None:
    """Give up a move for which no pod can be made, say why, and let the old replica serve on."""
    left = await cordoned_under_quota(world)
    await wait_for(lambda: is_refused(world), "the Deployment tells that it gets no pod", every_seconds=0.1)
    await world.edit_model({"rebalancing": {"readyTimeoutSeconds": 10}})
    (aborted, *_) = await ended(world, 1)
    assert aborted["result"] == "Aborted"
    assert aborted["message"].startswith("its replacement was not Ready within 10 s: ")
    assert "exceeded quota" in aborted["message"]
    assert await world.nodes_of() == [left]


async def the_node_comes_back(world: World) -> None:
    """Give up a move off a node that is uncordoned again."""
    left = await cordoned_under_quota(world)
    await world.uncordon(left)
    (aborted,) = await history(world, 1)
    assert "no longer called for: NodeCordoned" in aborted["message"]
    assert [one for one in await world.pods() if marks(one)] == []
    assert await world.nodes_of() == [left]


async def nobody_is_wanted(world: World) -> None:
    """Scaling to zero ends a move at once."""
    await cordoned_under_quota(world)
    await world.edit_model({"replicas": 0})
    await world.until_ready(0)
    (note,) = await world.until_told("MoveAborted")
    assert "fewer replicas are wanted" in note


STORIES = (a_variant_leaves, an_eviction, no_room_in_the_quota, the_node_comes_back, nobody_is_wanted)


async def cordoned_under_quota(world: World) -> str:
    """Let a move be underway for which no pod can be made; returns the node that it leaves."""
    left = await world.add_node("a", labels=CHEAP)
    await world.add_node("b", labels=DEAR)
    await world.apply_model()
    await world.until_ready(1)
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few", "namespace": world.namespace},
        "spec": {"hard": {"pods": "1"}},
    }
    await world.kubectl("apply", "--filename=-", manifest=quota)
    await wait_for(lambda: is_counted(world), "the quota is in force", every_seconds=0.1)
    await world.cordon(left)
    await world.until("Rebalancing", "True", "Moving")
    return left


async def is_counted(world: World) -> bool:
    """Tell whether the pods are counted: until then the API server refuses more, but says something else."""
    return await world.kubectl("get", "resourcequota", "few", "--output=jsonpath={.status.used.pods}") == "1"


async def fewest_ready(world: World) -> int:
    """Count the Ready replicas at the worst moment since all were Ready for the first time."""
    await world.history.caught_up()
    ready: dict[str, bool] = {}
    fewest, most = 99, 0
    for pod in world.history.pods:
        meta = pod["metadata"]
        is_ready = {"type": "Ready", "status": "True"}.items()
        ready[meta["uid"]] = "deletionTimestamp" not in meta and any(
            is_ready <= one.items() for one in pod["status"].get("conditions", ())
        )
        count = sum(ready.values())
        if count >= 2:
            most = count
        if most:
            fewest = min(fewest, count)
    return fewest


def max_alive(world: World) -> int:
    """Count the replicas with a node at the moment with most of them."""
    alive: set[str] = set()
    most = 0
    for pod in world.history.pods:
        meta = pod["metadata"]
        has_place = bool(pod["spec"].get("nodeName")) and "deletionTimestamp" not in meta
        (alive.add if has_place else alive.discard)(meta["uid"])
        most = max(most, len(alive))
    return most


def marks(pod: Document) -> list[str]:
    """List the marks of moves that run."""
    notes = pod["metadata"].get("annotations", {})
    return [note for note in notes if note.startswith(MOVE_PREFIX) or note == REPLACES_ANNOTATION]


async def gone(world: World, deployment: str) -> bool:
    """Tell whether there is no such Deployment."""
    return await world.child(DEPLOYMENTS, deployment) is None


async def is_refused(world: World) -> bool:
    """Tell whether the Deployment says that a pod of it was refused."""
    live = await world.child(DEPLOYMENTS, "digits-cloud") or {}
    return condition(live, "ReplicaFailure").get("status") == "True"


async def history(world: World, moves: int) -> list[dict[str, str]]:
    """Wait until the status tells of so many moves that have ended, and no pod is marked any more."""
    found = await ended(world, moves)

    async def unmarked() -> bool:
        return not any(map(marks, await world.pods()))

    await wait_for(unmarked, "all marks are gone", every_seconds=0.1)
    return found


async def ended(world: World, moves: int) -> list[dict[str, str]]:
    """Wait until the status tells of so many moves that have ended, whatever begins then."""
    found: list[dict[str, str]] = []

    async def told() -> bool:
        nonlocal found
        found = (await world.model()).get("status", {}).get("moves", {}).get("history", [])
        return len(found) >= moves

    await wait_for(told, f"{moves} moves are in the history", every_seconds=0.1)
    return found
