"""Several workers on one list of jobs, and somebody who sees that the work goes on."""

from collections.abc import Callable, Iterable
from threading import Event, Lock, Thread
from typing import TypeVar

from fogline_model_fetcher.errors import TransientError
from fogline_model_fetcher.pace import Pace

T = TypeVar("T")

LOOK_SECONDS = 0.5
"""How often the pace is looked at."""


def work_off(jobs: Iterable[T], work: Callable[[T, Callable[[], bool]], None], workers: int) -> None:
    """Do all jobs; after a failure begin no other, and raise it when all workers have stopped.

    Parameters
    ----------
    work
        Does one job; it is given a function that says whether to stop early.
    """
    todo, lock, stopped = iter(jobs), Lock(), Event()
    failures: list[BaseException] = []

    def take() -> T | None:
        with lock:
            return next(todo, None)

    def run() -> None:
        while not stopped.is_set() and (job := take()) is not None:
            try:
                work(job, stopped.is_set)
            except BaseException as failure:  # noqa: BLE001  whatever it is, it is raised below
                failures.append(failure)
                stopped.set()

    threads = [Thread(target=run, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        # The one that another try would not change, if there is one.
        raise next((one for one in failures if not isinstance(one, TransientError)), failures[0])


def supervised(work: Callable[[], T], pace: Pace) -> T:
    """Do something on a thread of its own while its pace is watched.

    The thread cannot be stopped: whoever is told that it is too slow must end this process.

    Raises
    ------
    FetchError
        It is too slow.
    """
    results: list[T] = []
    failures: list[BaseException] = []
    ended = Event()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as failure:  # noqa: BLE001  whatever it is, it is raised below
            failures.append(failure)
        ended.set()

    Thread(target=run, daemon=True).start()
    while not ended.wait(LOOK_SECONDS):
        pace.check()
    if failures:
        raise failures[0]
    return results[0]
