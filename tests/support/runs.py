"""Runs of load for tests to change."""

from fogline.load.job import POISSON, REST, Outcome, Run
from fogline.load.quantiles import SHARES, quantile

RUN = Run(
    addresses=("127.0.0.1:1",),
    protocol=REST,
    path="/v1/models/tiny:predict",
    rate=50,
    seconds=1,
    warm_up_seconds=0.2,
    arrivals=POISSON,
    seed=1,
    in_flight=256,
    timeout_seconds=30,
)


def outcome(
    milliseconds: list[float], answers: tuple[tuple[int, int, int], ...] = (), *, failed: int = 0
) -> Outcome:
    """Make an outcome of a second of load."""
    ordered, total = sorted(milliseconds), len(milliseconds) + failed
    return Outcome(
        scheduled=total,
        answered=len(ordered),
        failed={"Timeout": failed} if failed else {},
        dropped=0,
        seconds=1.0,
        quantiles=tuple((share, quantile(ordered, total, share)) for share in SHARES),
        mean_milliseconds=sum(ordered) / len(ordered) if ordered else None,
        late_milliseconds=0.1,
        answers=answers,
    )
