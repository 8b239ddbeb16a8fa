"""The side that asks: start the process, wait within the limits, read the plan."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from importlib.util import find_spec
from types import TracebackType
from typing import Self

from fogline.errors import MissingExtraError
from fogline.optimiser_process import wire
from fogline.optimiser_process.answers import Crashed, NoPlan, OutOfMemory, TimedOut
from fogline.optimiser_process.job import Allowance, Job
from fogline.placement.optimised import OptimisedPlan

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""More threads gain nothing here, and each takes memory before it does any work."""
_OUT_OF_MEMORY = (
    b"MemoryError",  # Python and NumPy
    b"std::bad_alloc",  # C++
    b"OpenBLAS error: Memory allocation",  # below NumPy
    b"failed to map segment",  # a library that is being loaded
)
"""What is said when the system refuses memory."""

AnswerAll = Callable[[Iterable[Job]], list[OptimisedPlan | NoPlan]]


class Optimiser:
    """A process that loads its libraries and waits for one job; it is gone when the context is left."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._started: asyncio.subprocess.Process | Crashed

    async def __aenter__(self) -> Self:
        """Start it.

        Raises
        ------
        MissingExtraError
            The libraries of the optimiser are not installed.
        """
        if find_spec("highspy") is None:
            raise MissingExtraError("optimiser", "the optimiser")
        try:
            self._started = await asyncio.create_subprocess_exec(
                *_command(self._allowance),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **_ONE_THREAD},
            )
        except OSError as error:
            self._started = Crashed(None, str(error))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not isinstance(self._started, Crashed) and self._started.returncode is None:
            self._started.kill()
            await self._started.wait()

    async def answer(self, job: Job) -> OptimisedPlan | NoPlan:
        """Place the replicas of all models together, as `fogline.placement.optimiser.optimise` does.

        The event loop stays free meanwhile. The time that it may take begins when it gets the job.
        """
        process = self._started
        if isinstance(process, Crashed):
            return process
        question = await asyncio.to_thread(wire.dump, job)
        try:
            async with asyncio.timeout(self._allowance.seconds):
                answer, words = await process.communicate(question)
        except TimeoutError:
            return TimedOut(self._allowance.seconds)
        return await asyncio.to_thread(_read, answer, words, process.returncode, job, self._allowance)


async def run(job: Job, allowance: Allowance) -> OptimisedPlan | NoPlan:
    """Start an optimiser for one job. When the caller is cancelled, the process is ended too.

    Raises
    ------
    MissingExtraError
        The libraries of the optimiser are not installed.
    """
    async with Optimiser(allowance) as optimiser:
        return await optimiser.answer(job)


@contextmanager
def standing_by(count: int, allowance: Allowance) -> Iterator[AnswerAll]:
    """Start optimisers where there is no event loop, while the caller is still at work on their jobs.

    Gives the function that puts one job to each of them and waits for all.

    Raises
    ------
    MissingExtraError
        The libraries of the optimiser are not installed.
    """
    stack = AsyncExitStack()

    async def start() -> list[Optimiser]:
        return [await stack.enter_async_context(Optimiser(allowance)) for _ in range(count)]

    async def answer_all(started: Iterable[Optimiser], jobs: Iterable[Job]) -> list[OptimisedPlan | NoPlan]:
        pairs = zip(started, jobs, strict=True)
        return await asyncio.gather(*(optimiser.answer(job) for optimiser, job in pairs))

    with asyncio.Runner() as runner:
        try:
            started = runner.run(start())
            yield lambda jobs: runner.run(answer_all(started, jobs))
        finally:
            runner.run(stack.aclose())


def _command(allowance: Allowance) -> list[str]:
    limits = [str(allowance.memory_mebibytes), str(int(allowance.seconds) + 1)]
    return [
        sys.executable,
        "-P",
        "-m",
        "fogline.optimiser_process",
        *limits,
    ]  # -P: nothing from the folder we are in


def _read(
    answer: bytes, words: bytes, exit_code: int | None, job: Job, allowance: Allowance
) -> OptimisedPlan | NoPlan:
    if exit_code == -signal.SIGXCPU:
        return TimedOut(allowance.seconds)
    if exit_code != 0:
        if any(sign in words for sign in _OUT_OF_MEMORY):
            return OutOfMemory(allowance.memory_mebibytes)
        return Crashed(exit_code, _last_line(words))
    try:
        return wire.load(answer, OptimisedPlan, known=job.snapshot.pods)
    except ValueError as error:
        return Crashed(exit_code, str(error))


def _last_line(words: bytes) -> str:
    lines = words.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
