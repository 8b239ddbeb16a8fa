"""The operator is killed right after each of its writes while a replica moves to another tier."""

from tests.cluster.conftest import StartOperator
from tests.support.builders import make_variant
from tests.support.crashes import LIMIT_SECONDS, SETTINGS, Stage, Story
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Moment
from tests.support.kubectl import Kubectl
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.client import Client
from fogline.names import REPLACES_ANNOTATION

CLOUD, EDGE = make_variant("cloud", "Cloud"), make_variant("edge", "Edge")


async def in_the_cloud(world: World) -> None:
    """Let a model serve in the cloud; the edge, which comes later, is dearer."""
    await world.add_node("cloud")
    await world.apply_model(variants=[CLOUD, EDGE])
    await world.until_ready(1, limit_seconds=LIMIT_SECONDS)
    await world.add_node("edge", "Edge", labels={"fogline.dev/cost-per-hour": "9"})


async def cordon(world: World) -> None:
    """Let the replica move to the other tier."""
    await world.cordon(world.node_name("cloud"))


async def moved(world: World) -> None:
    """Wait until the move is over and its marks are gone."""

    async def holds() -> bool:
        moves = (await world.model()).get("status", {}).get("moves", {})
        notes = [pod["metadata"].get("annotations", {}) for pod in await world.pods()]
        return moves.get("completed") == 1 and not any(REPLACES_ANNOTATION in note for note in notes)

    seen = world.history.depict
    await wait_for(holds, "the move is over", LIMIT_SECONDS, every_seconds=0.1, seen=seen)
    await world.until_ready(1, limit_seconds=LIMIT_SECONDS)


async def test_the_end_is_the_same_when_the_operator_is_killed_after_any_write_of_a_move(
    client: Client, kubectl: Kubectl, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    """To the cluster, right before a write is right after the one before it: so there are no more kills."""
    stage = Stage(client, kubectl, await start_operator(**SETTINGS), operator_proxy)
    await stage.tell_for_every_write(Story(in_the_cloud, cordon, moved, (Moment.AFTER,)))
