"""The limiter: how fast requests leave."""

import asyncio

from fogline.cluster.backoff import Backoff
from fogline.cluster.limiter import Limiter, Rate


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        """Seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Move the clock, and let others run."""
        self.now += seconds
        await asyncio.sleep(0)


async def departures(limiter: Limiter, time: Time, count: int) -> list[float]:
    """Let requests leave one after the other and note when, in seconds from now."""
    start = time.now
    left = []
    for _ in range(count):
        await limiter.acquire()
        left.append(round(time.now - start, 6))
    return left


async def test_a_burst_leaves_at_once_and_the_rest_at_the_rate() -> None:
    time = Time()
    limiter = Limiter(Rate(per_second=10, burst=3), time.clock, time.sleep)
    assert await departures(limiter, time, 6) == [0, 0, 0, 0.1, 0.2, 0.3]


async def test_a_quiet_time_saves_up_no_more_than_one_burst() -> None:
    time = Time()
    limiter = Limiter(Rate(per_second=10, burst=3), time.clock, time.sleep)
    time.now += 3600
    assert await departures(limiter, time, 5) == [0, 0, 0, 0.1, 0.2]


async def test_nothing_leaves_while_held_and_no_burst_follows() -> None:
    time = Time()
    limiter = Limiter(Rate(per_second=10, burst=3), time.clock, time.sleep)
    limiter.hold(5)
    assert await departures(limiter, time, 3) == [5.1, 5.2, 5.3]


async def test_a_shorter_hold_does_not_end_a_longer_one() -> None:
    time = Time()
    limiter = Limiter(Rate(per_second=10, burst=3), time.clock, time.sleep)
    limiter.hold(5)
    limiter.hold(1)
    assert await departures(limiter, time, 1) == [5.1]


async def test_requests_leave_in_the_order_in_which_they_came() -> None:
    time = Time()
    limiter = Limiter(Rate(per_second=10, burst=1), time.clock, time.sleep)
    left: list[int] = []

    async def send(number: int) -> None:
        await limiter.acquire()
        left.append(number)

    await asyncio.gather(*(send(number) for number in range(5)))
    assert left == [0, 1, 2, 3, 4]


async def test_a_request_that_is_given_up_while_it_waits_takes_nobodys_turn() -> None:
    never = asyncio.Event()

    async def wait_for_ever(_: float) -> None:
        await never.wait()

    time = Time()
    limiter = Limiter(Rate(per_second=10, burst=1), time.clock, wait_for_ever)
    await limiter.acquire()
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    time.now += 0.1
    await asyncio.wait_for(limiter.acquire(), timeout=5)


def test_waits_double_up_to_their_maximum_and_start_over_after_a_success() -> None:
    backoff = Backoff(first_seconds=1, max_seconds=4)
    waits = [backoff.next_seconds() for _ in range(4)]
    for seconds, longest in zip(waits, [1, 2, 4, 4], strict=True):
        assert longest / 2 <= seconds <= longest
    backoff.reset()
    assert backoff.next_seconds() <= 1
