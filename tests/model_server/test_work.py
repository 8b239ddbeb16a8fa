"""Which requests are answered in the event loop, and which in a thread."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.wait import wait_for

from fogline_model_server.errors import ServingError, invalid_argument
from fogline_model_server.fronts import work as work_module
from fogline_model_server.fronts.work import INLINE_BYTES, INLINE_SECONDS, Work


class Clock:
    """Goes on when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(work_module, "time", clock)
    return clock


@pytest.fixture
def work() -> Iterator[Work]:
    with ThreadPoolExecutor(2) as threads:
        yield Work(threads)


def took(work: Work, clock: Clock, *seconds: float) -> bool:
    """Run requests of one kind that take so long, and tell whether the next one is quick."""

    def runs(duration: float) -> None:
        clock.now += duration

    for duration in seconds:
        work.run("kind", runs, duration)
    return work.is_quick("kind", 0)


QUICK, SLOW = INLINE_SECONDS / 10, INLINE_SECONDS * 20


def test_a_kind_that_nobody_knows_is_not_quick(work: Work) -> None:
    assert not work.is_quick("kind", 0)


def test_a_kind_is_quick_after_a_quick_request(work: Work, clock: Clock) -> None:
    assert took(work, clock, QUICK)
    assert not work.is_quick("another", 0)


def test_a_large_message_is_never_quick(work: Work, clock: Clock) -> None:
    assert took(work, clock, QUICK)
    assert work.is_quick("kind", INLINE_BYTES)
    assert not work.is_quick("kind", INLINE_BYTES + 1)


def test_a_pause_now_and_then_leaves_a_quick_kind_quick(work: Work, clock: Clock) -> None:
    for _ in range(20):
        assert took(work, clock, *[QUICK] * 4, SLOW)


def test_a_kind_that_is_often_slow_is_slow(work: Work, clock: Clock) -> None:
    assert not took(work, clock, *[QUICK, SLOW] * 4)
    assert not took(work, clock, QUICK, QUICK, SLOW, QUICK, QUICK, SLOW)


def test_a_slow_kind_that_becomes_quick_is_quick_again_soon(work: Work, clock: Clock) -> None:
    assert not took(work, clock, *[SLOW] * 100)
    assert took(work, clock, *[QUICK] * 5)


async def test_nothing_is_quick_while_a_slow_request_runs_even_if_nobody_waits_for_it(
    work: Work, clock: Clock
) -> None:
    assert took(work, clock, QUICK)
    end = threading.Event()
    slow = work.submit("slow", end.wait, 20)
    assert not work.is_quick("kind", 0)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    await asyncio.sleep(0.01)  # whoever counts wrongly counts now
    assert not work.is_quick("kind", 0)
    end.set()
    await wait_for(lambda: work.is_quick("kind", 0), "the slow one has ended")


async def test_what_is_taken_back_before_it_begins_counts_no_more(work: Work, clock: Clock) -> None:
    assert took(work, clock, QUICK)
    end = threading.Event()
    running = [work.submit("slow", end.wait, 20) for _ in range(2)]
    work.submit("slow", end.wait, 20).cancel()
    end.set()
    await asyncio.gather(*running)
    await wait_for(lambda: work.is_quick("kind", 0), "all have ended")


async def test_errors_of_a_thread_reach_the_caller(work: Work) -> None:
    def fails() -> None:
        raise invalid_argument("no")

    with pytest.raises(ServingError, match="no"):
        await work.submit("kind", fails)
