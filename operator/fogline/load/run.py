"""Sending requests when they are due, whatever became of those before."""

import asyncio
import selectors
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Protocol

from fogline.load import answers
from fogline.load.job import GRPC, Answer, Job, Outcome, Run
from fogline.load.quantiles import SHARES, quantile
from fogline.load.rest import BrokenError, NotConnectedError, RefusedError, RestCalls
from fogline.load.schedule import arrivals, inputs

MOST_IN_FLIGHT = 512
"""The clock below waits by ``select``, which knows 1,024 files at most."""


class Calls(Protocol):
    """Connections to one address."""

    def __call__(self, body: bytes) -> Awaitable[bytes]:
        """Send a request and give its answer."""

    def close(self) -> Awaitable[None]:
        """End them."""


def carry_out(job: Job, tell: Callable[[Run], None] = lambda _: None) -> tuple[Outcome, ...]:
    """Carry out the runs of a job, one after the other.

    Parameters
    ----------
    tell
        Told of each run before it begins.
    """

    async def all_of_them() -> tuple[Outcome, ...]:
        outcomes = []
        for run in job.runs:
            tell(run)
            outcomes.append(await _carry_out(run, job.bodies[run.protocol]))
        return tuple(outcomes)

    # epoll wakes up to a millisecond late, which would be in every latency; select does not
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        return runner.run(all_of_them())


@dataclass(slots=True)
class _Tally:
    """What has come of the requests so far, in seconds."""

    scheduled: int = 0
    dropped: int = 0
    latencies: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    named: defaultdict[int, Counter[Answer]] = field(default_factory=lambda: defaultdict(Counter))
    unread: str = ""
    last: float = 0.0
    """When the last answer came."""


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks, and tallies what comes of it."""

    run: Run
    bodies: Sequence[bytes]
    tally: _Tally

    async def ask(self, call: Calls, number: int, due: float, *, counts: bool) -> None:
        """Send one request.

        Parameters
        ----------
        due
            When it should have been sent, by the clock of the loop.
        """
        tally, clock = self.tally, asyncio.get_running_loop().time
        left = clock()
        try:
            async with asyncio.timeout(self.run.timeout_seconds):
                body = await call(self.bodies[number])
        except Exception as error:  # noqa: BLE001  whatever goes wrong with a request is counted, by its kind
            if counts:
                kind = _kind(error)
                tally.failed[kind] += 1
                tally.failures.setdefault(kind, str(error) or kind)
        else:
            if counts:
                tally.last = clock()
                tally.latencies.append(tally.last - due)
                self._read(number, body)
        if counts:
            tally.late.append(left - due)

    def _read(self, number: int, body: bytes) -> None:
        read = answers.of_grpc if self.run.protocol == GRPC else answers.of_rest
        try:
            self.tally.named[number][read(body, self.run.answer)] += 1
        except answers.UnreadableError as error:
            self.tally.unread = str(error)


async def _carry_out(run: Run, bodies: Sequence[bytes]) -> Outcome:
    targets = [_calls(run, address) for address in run.addresses]
    asking, clock = _Asking(run, bodies, _Tally()), asyncio.get_running_loop().time
    begin, pending = clock(), set[asyncio.Task[None]]()
    # no `strict`: inputs and targets go on for ever
    for offset, number, call in zip(arrivals(run), inputs(run, len(bodies)), cycle(targets), strict=False):
        await asyncio.sleep(begin + offset - clock())  # at least a turn for others, where it is late already
        counts = offset >= run.warm_up_seconds
        asking.tally.scheduled += counts
        if len(pending) >= run.in_flight:
            asking.tally.dropped += counts
            continue
        task = asyncio.create_task(asking.ask(call, number, begin + offset, counts=counts))
        pending.add(task)
        task.add_done_callback(pending.discard)
    end = begin + run.warm_up_seconds + run.seconds
    await asyncio.sleep(end - clock())
    await asyncio.gather(*pending)
    for target in targets:
        await target.close()
    return _outcome(asking.tally, max(end, asking.tally.last) - begin - run.warm_up_seconds)


def _calls(run: Run, address: str) -> Calls:
    if run.protocol == GRPC:
        from fogline.load.grpc_calls import GrpcCalls  # noqa: PLC0415  a library that REST does without

        return GrpcCalls(address, run.path)
    return RestCalls(address, run.path)


def _kind(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "Timeout"
        case RefusedError():
            return f"HTTP {error.status}"
        case BrokenError():
            return "Disconnected"
        case NotConnectedError():
            return "NotConnected"
        case _:
            return f"gRPC {code}" if (code := getattr(error, "code", "")) else type(error).__name__


def _outcome(tally: _Tally, seconds: float) -> Outcome:
    ordered = sorted(1000 * one for one in tally.latencies)
    late = sorted(1000 * one for one in tally.late)
    return Outcome(
        scheduled=tally.scheduled,
        answered=len(ordered),
        failed=dict(sorted(tally.failed.items())),
        dropped=tally.dropped,
        seconds=seconds,
        quantiles=tuple((share, quantile(ordered, tally.scheduled, share)) for share in SHARES),
        mean_milliseconds=sum(ordered) / len(ordered) if ordered else None,
        late_milliseconds=quantile(late, len(late), 0.99) or 0.0,
        answers=tuple(
            (number, named, count)
            for number in sorted(tally.named)
            for named, count in tally.named[number].items()
        ),
        unread=tally.unread,
        failures=tuple(tally.failures[kind] for kind in sorted(tally.failures)),
    )
