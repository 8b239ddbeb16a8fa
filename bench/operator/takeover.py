"""How long nobody decides after the operator that did has crashed."""

import time
from functools import partial

from tests.support.operator_process import OperatorProcess
from tests.support.wait import wait_for

from bench.operator.figures import tell
from bench.operator.plane import bench, cheap_nodes

_NODES = 10
_TIMES = 3
_LIMIT_SECONDS = 60.0


async def measure() -> None:
    """Kill the one that leads, and start it again as the standby."""
    seconds: list[float] = []
    async with bench(cheap_nodes(_NODES)) as one:
        leader, standby = one.operator, one.standby
        await leader.start()
        await wait_for(partial(_leads, leader), "the first operator leads", _LIMIT_SECONDS)
        for _ in range(_TIMES):
            await standby.start()
            leader.kill()
            began = time.monotonic()
            await wait_for(partial(_leads, standby), "the standby leads", _LIMIT_SECONDS)
            seconds.append(time.monotonic() - began)
            leader, standby = standby, leader
    tell(f"kill -9 of the leader to the next one, {_TIMES} times", f"longest {max(seconds):.1f} s", "20 s")


async def _leads(operator: OperatorProcess) -> bool:
    _, metrics = await operator.ask("/metrics")
    return "fogline_leading 1.0" in metrics
