"""The side that asks: start the process, wait within the limits, read the plan."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterable
from importlib.util import find_spec

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


async def run(job: Job, allowance: Allowance) -> OptimisedPlan | NoPlan:
    """Place the replicas of all models together, as `fogline.placement.optimiser.optimise` does.

    The event loop stays free meanwhile. When the caller is cancelled, the process is ended too.

    Raises
    ------
    MissingExtraError
        The libraries of the optimiser are not installed.
    """
    if find_spec("highspy") is None:
        raise MissingExtraError("optimiser", "the optimiser")
    question = await asyncio.to_thread(wire.dump, job)
    try:
        process = await asyncio.create_subprocess_exec(
            *_command(allowance),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **_ONE_THREAD},
        )
    except OSError as error:
        return Crashed(None, str(error))
    try:
        async with asyncio.timeout(allowance.seconds):
            answer, words = await process.communicate(question)
    except TimeoutError:
        return TimedOut(allowance.seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return await asyncio.to_thread(_read, answer, words, process.returncode, allowance)


def run_and_wait(jobs: Iterable[Job], allowance: Allowance) -> list[OptimisedPlan | NoPlan]:
    """Do the same where there is no event loop, for several jobs at once; the allowance is that of each.

    Raises
    ------
    MissingExtraError
        The libraries of the optimiser are not installed.
    """

    async def run_all() -> list[OptimisedPlan | NoPlan]:
        return await asyncio.gather(*(run(job, allowance) for job in jobs))

    return asyncio.run(run_all())


def _command(allowance: Allowance) -> list[str]:
    limits = [str(allowance.memory_mebibytes), str(int(allowance.seconds) + 1)]
    return [
        sys.executable,
        "-P",
        "-m",
        "fogline.optimiser_process",
        *limits,
    ]  # -P: nothing from the folder we are in


def _read(answer: bytes, words: bytes, exit_code: int | None, allowance: Allowance) -> OptimisedPlan | NoPlan:
    if exit_code == -signal.SIGXCPU:
        return TimedOut(allowance.seconds)
    if exit_code != 0:
        if any(sign in words for sign in _OUT_OF_MEMORY):
            return OutOfMemory(allowance.memory_mebibytes)
        return Crashed(exit_code, _last_line(words))
    try:
        return wire.load(answer, OptimisedPlan)
    except ValueError as error:
        return Crashed(exit_code, str(error))


def _last_line(words: bytes) -> str:
    lines = words.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
