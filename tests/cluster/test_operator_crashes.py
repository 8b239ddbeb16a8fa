"""The operator is killed right before and right after each of its writes while a model is made.

More stories are told in memory, in `tests/memory_cluster/test_crashes.py`; here the API server is real.
"""

import asyncio

from tests.cluster.conftest import StartOperator
from tests.support.builders import make_variant
from tests.support.crashes import LIMIT_SECONDS, SETTINGS, Stage, Story
from tests.support.faultproxy import FaultProxy
from tests.support.kubectl import Kubectl
from tests.support.world import World

from fogline.cluster.client import Client

CLOUD, EDGE = make_variant("cloud", "Cloud"), make_variant("edge", "Edge")


async def nodes(world: World) -> None:
    """Add a node of each tier."""
    await asyncio.gather(world.add_node("cloud"), world.add_node("edge", "Edge"))


async def apply(world: World) -> None:
    """Make a model with a replica in each tier."""
    await world.apply_model(replicas=2, variants=[CLOUD, EDGE], placement={"edge": {"minReplicas": 1}})


async def made(world: World) -> None:
    """Wait until both replicas serve."""
    await world.until_ready(2, limit_seconds=LIMIT_SECONDS)


async def test_the_end_is_the_same_when_the_operator_is_killed_at_any_write(
    client: Client, kubectl: Kubectl, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    """Kill it right before a write, and its successor right after the write of the same number."""
    stage = Stage(client, kubectl, await start_operator(**SETTINGS), operator_proxy)
    await stage.tell_for_every_write(Story(nodes, apply, made))
