"""When requests are due and what they ask: drawn from a seed before anything is sent. Pure."""

import random
from collections.abc import Iterator

from fogline.load.job import CONSTANT, Run


def arrivals(run: Run) -> Iterator[float]:
    """Give the times at which requests are due, in seconds from the start, warm-up included.

    They depend on nothing that a server does, which is what makes the load open-loop. Those of many
    independent clients are a Poisson process: the times between are exponential (Schroeder, Wierman and
    Harchol-Balter, "Open versus closed: a cautionary tale", NSDI 2006).
    """
    end = run.warm_up_seconds + run.seconds
    if run.arrivals == CONSTANT:
        yield from (number / run.rate for number in range(round(end * run.rate)))
        return
    draw = random.Random(run.seed)  # noqa: S311  a load, no secret
    at = draw.expovariate(run.rate)
    while at < end:
        yield at
        at += draw.expovariate(run.rate)


def inputs(run: Run, count: int) -> Iterator[int]:
    """Give the number of the input of each request: all in a drawn order, then all in another one."""
    draw = random.Random(f"inputs {run.seed}")  # noqa: S311  the same
    numbers = list(range(count))
    while True:
        draw.shuffle(numbers)
        yield from numbers
