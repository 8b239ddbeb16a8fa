"""Quantiles of latencies, where a request without an answer is slower than every answer. Pure."""

import math
from collections.abc import Sequence

SHARES = (*(number / 100 for number in range(100)), 0.995, 0.999, 0.9999, 1.0)
"""Those that are taken: what a curve needs, and the tail."""


def quantile(ordered: Sequence[float], total: int, share: float) -> float | None:
    """Give the least value that at least this share of all requests does not exceed.

    Parameters
    ----------
    ordered
        Latencies of the answered requests, the least first.
    total
        All requests. Those without an answer took longer than any that has one: to leave them out would make
        a server look the faster the more it fails.
    share
        From 0 to 1; 0 gives the least value.

    Returns
    -------
    float | None
        None where that request was not answered, or where there is none at all.
    """
    rank = max(math.ceil(share * total - 1e-9), 1)  # 0.07 * 100 is a little more than 7 in floating point
    return ordered[rank - 1] if rank <= len(ordered) else None
