"""Faults between operator and API server while a replica moves: each move ends, and is told of once."""

import json
from collections.abc import Callable, Mapping, Sequence

from tests.cluster.conftest import StartOperator
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Cut, Delay, Drop, Edit, Fault, Moment, Refuse, Stale
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.names import REPLACES_ANNOTATION

WATCH = r"[?&]watch=true"
WATCHES_OF_PODS = r"/v1/pods\?.*watch=true"
PODS, DEPLOYMENTS, STATUS = "/pods/", "/deployments/", "/modeldeployments/.*/status"


def twice(line: bytes) -> tuple[bytes, ...]:
    """Repeat an event."""
    return (line, line)


def out_of_order() -> Callable[[bytes], tuple[bytes, ...]]:
    """Let every second event come after the one behind it."""
    held: list[bytes] = []

    def lines_for(line: bytes) -> tuple[bytes, ...]:
        if not held:
            held.append(line)
            return ()
        return (line, held.pop())

    return lines_for


def every_third_lost() -> Callable[[bytes], tuple[bytes, ...]]:
    """Lose every third event."""
    seen = 0

    def lines_for(line: bytes) -> tuple[bytes, ...]:
        nonlocal seen
        seen += 1
        return () if seen % 3 == 0 else (line,)

    return lines_for


def expired(_: bytes) -> tuple[bytes, ...]:
    """Say what the API server says in a watch whose resourceVersion is too old."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired"}
    return (json.dumps({"type": "ERROR", "object": status}).encode() + b"\n",)


def writes(action: Refuse | Drop, times: int = 1) -> list[Fault]:
    """Hit the first writes of each kind that a move needs."""
    return [Fault(action, "PATCH", path, times=times) for path in (PODS, DEPLOYMENTS, STATUS)]


FAULTS: Mapping[str, Sequence[Fault]] = {
    "writes refused with 409, 422 and 429": [
        *writes(Refuse(409, "Conflict")),
        Fault(Refuse(422, "Invalid"), "PATCH", PODS),
        *writes(Refuse(429, "TooManyRequests", retry_after_seconds=1)),
    ],
    "writes that fail and answers lost": [*writes(Refuse(500, "InternalError")), *writes(Drop(Moment.AFTER))],
    "everything slow": [Fault(Delay(0.15), times=None)],
    "410 in watches, then watches cut after every event": [
        Fault(Edit(expired), path=WATCH, times=8),
        Fault(Cut(1), path=WATCH, times=20),
    ],
    "events out of order and twice": [
        Fault(Edit(out_of_order()), path=WATCHES_OF_PODS, times=None),
        Fault(Edit(twice), path=WATCH, times=None),
    ],
    "every third event lost": [Fault(Edit(every_third_lost()), path=WATCHES_OF_PODS, times=None)],
    "old lists of pods and nodes": [
        Fault(Stale(), path=r"/v1/pods\?limit", times=3),
        Fault(Stale(), path=r"/v1/nodes\?limit", times=3),
    ],
}


async def test_every_move_ends_and_is_counted_once_despite(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    here, there = await world.add_node("a"), await world.add_node("b")
    await world.cordon(there)
    await start_operator(resync_seconds=1)
    await world.apply_model(rebalancing={"cooldownSeconds": 0})
    await world.until_ready(1)
    await world.uncordon(there)
    for number, (name, faults) in enumerate(FAULTS.items(), 1):
        for fault in faults:
            operator_proxy.add(fault)
        operator_proxy.cut()
        await world.cordon(here)
        await wait_for(lambda: _is_on(world, there), f"the replica has moved despite {name}")  # noqa: B023
        operator_proxy.clear()
        await wait_for(lambda: _has_told(world, number), f"the move despite {name} is told of")  # noqa: B023
        await world.uncordon(here)
        here, there = there, here
    assert (await world.model())["status"]["moves"]["aborted"] == 0


async def _is_on(world: World, node: str) -> bool:
    return await world.nodes_of() == [node]


async def _has_told(world: World, moves: int) -> bool:
    """Tell whether so many moves have ended, and nothing is left of them on the pods."""
    told = (await world.model())["status"]["moves"]
    notes = [note for pod in await world.pods() for note in pod["metadata"].get("annotations", {})]
    return bool((told["completed"], told["active"]) == (moves, 0)) and REPLACES_ANNOTATION not in notes
