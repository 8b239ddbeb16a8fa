"""Workers that share jobs: one failure stops all, and the one that matters is told."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest

from fogline_model_fetcher.crew import supervised, work_off
from fogline_model_fetcher.errors import FetchError, TransientError
from fogline_model_fetcher.pace import Pace

LIMIT_SECONDS = 20


def test_every_job_is_done_once_by_workers_that_work_at_the_same_time() -> None:
    done: list[int] = []
    meeting = Barrier(3)

    def work(job: int, _is_stopped: Callable[[], bool]) -> None:
        if job < 3:
            meeting.wait(LIMIT_SECONDS)
        done.append(job)

    work_off(range(20), work, 3)
    assert sorted(done) == list(range(20))


def test_after_a_failure_no_job_is_begun_and_those_under_way_are_told() -> None:
    begun: list[int] = []
    meeting = Barrier(2)

    def work(job: int, is_stopped: Callable[[], bool]) -> None:
        begun.append(job)
        meeting.wait(LIMIT_SECONDS)
        if job == 0:
            raise TransientError("broke")
        while not is_stopped():
            pass

    with pytest.raises(TransientError, match="broke"):
        work_off(range(20), work, 2)
    assert sorted(begun) == [0, 1]


def test_of_two_failures_the_one_that_another_try_would_not_change_is_told() -> None:
    meeting = Barrier(2)

    def work(job: int, is_stopped: Callable[[], bool]) -> None:
        meeting.wait(LIMIT_SECONDS)
        if job == 0:
            raise TransientError("broke")
        while not is_stopped():
            pass
        raise FetchError("may not be read")

    with pytest.raises(FetchError, match="may not be read"):
        work_off(range(2), work, 2)


def test_what_is_supervised_returns_its_result_or_raises_its_failure() -> None:
    assert supervised(lambda: 7, Pace(0)) == 7
    with pytest.raises(ZeroDivisionError):
        supervised(lambda: 1 // 0, Pace(0))


def test_a_pace_is_too_slow_only_when_a_whole_window_brought_too_little() -> None:
    now_seconds = [0.0]
    pace = Pace(10, lambda: now_seconds[0])

    def count() -> None:
        for _ in range(2560):
            pace.add(1)

    workers = [Thread(target=count) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(LIMIT_SECONDS)
    now_seconds[0] = 10.0
    pace.check()
    now_seconds[0] = 19.9
    pace.check()
    now_seconds[0] = 20.0
    with pytest.raises(FetchError, match="sent 0 bytes in 10 s"):
        pace.check()
