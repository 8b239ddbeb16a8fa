"""From gate to pin, in a burst of pods."""

import re
from collections.abc import Mapping

from bench.operator.figures import tell
from bench.operator.plane import UNTHROTTLED, bench, cheap_nodes, model

_NODES = 50
_PODS = 100
_LIMIT_SECONDS = 120


async def measure() -> None:
    """Measure with the controller manager's default rate, and without a limit."""
    await _burst("created at the default 20/s", {})
    await _burst("created as fast as it goes, on the cores that are measured", UNTHROTTLED)


async def _burst(how: str, extra_args: Mapping[str, list[str]]) -> None:
    async with bench(cheap_nodes(_NODES), extra_args) as one:
        await one.operator.start()
        await one.create("models", [model("burst", _PODS)])
        await one.until_ready(_LIMIT_SECONDS)
        metrics = await one.operator.metrics()
    half, most = (1000 * _bound(metrics, "fogline_gate_to_pin_seconds", part) for part in (0.5, 0.99))
    tell(
        f"gate seen to pin written, burst of {_PODS} pods {how}, {_NODES} nodes",
        f"p50 <= {half:.0f} ms, p99 <= {most:.0f} ms",
        "250 ms",
    )


def _bound(metrics: str, name: str, part: float) -> float:
    """Give the upper bound of the bucket that holds a quantile, in seconds."""
    buckets = [
        (float(bound), float(count))
        for bound, count in re.findall(rf'^{name}_bucket{{le="([^"]+)"}} (\S+)$', metrics, re.MULTILINE)
    ]
    total = buckets[-1][1]
    return next(bound for bound, count in buckets if count >= part * total)
