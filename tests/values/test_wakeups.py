"""Models are woken once for any number of reasons."""

import asyncio

from fogline.names import ModelKey
from fogline.wakeups import WakeUps

DIGITS = ModelKey("default", "digits")


async def woken(wakeups: WakeUps, plans: list[float]) -> int:
    """Count how often a model is woken when each of these plans wakes it after so many seconds."""
    count = 0

    async def passes() -> None:
        nonlocal count
        while True:
            await wakeups.take(0)
            count += 1

    loop = asyncio.create_task(passes())
    await asyncio.gather(*(wakeups.wake_later(DIGITS, seconds) for seconds in plans))
    await asyncio.sleep(0.01)
    loop.cancel()
    return count


async def test_of_many_plans_for_the_same_time_one_wakes_the_model() -> None:
    assert await woken(WakeUps(), [0.05] * 10) == 1


async def test_an_earlier_plan_takes_the_place_of_a_later_one() -> None:
    assert await woken(WakeUps(), [0.1, 0.02]) == 1


async def test_a_plan_that_came_true_makes_room_for_the_next() -> None:
    wakeups = WakeUps()
    assert await woken(wakeups, [0.01]) + await woken(wakeups, [0.01]) == 2
