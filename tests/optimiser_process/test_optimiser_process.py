"""The optimiser in a process of its own: the same plan, and whatever happens there is an answer here."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from dev.instances import Instance, from_scratch, rebalance, settled
from tests.support.wait import wait_for

from fogline.api import DataSensitivity, Runtime, Tier
from fogline.errors import MissingExtraError
from fogline.optimiser_process import (
    Allowance,
    Crashed,
    Job,
    NoPlan,
    OutOfMemory,
    TimedOut,
    run,
    standing_by,
    why,
)
from fogline.optimiser_process.wire import dump, load
from fogline.placement.optimised import OptimisedPlan
from fogline.placement.optimiser import optimise
from fogline.snapshot import Pod, ReplicaOf, Snapshot


@cache
def made(size: str) -> Job:
    """Ask for the plan of a made cluster."""
    instance = from_scratch(size)
    return Job(instance.demands, instance.snapshot)


@pytest.fixture
def long_job() -> Job:
    """Ask for a plan that takes long enough to do something to the process: seconds of a processor."""
    return made("large")


def children() -> set[int]:
    """Give the processes that this one has started and that are not waited for."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ends meanwhile
            after_name = (process / "stat").read_text().rpartition(")")[2].split()
            if int(after_name[1]) == os.getpid():
                found.add(int(process.name))
    return found


async def started(before: set[int]) -> int:
    """Wait for a new child process."""
    await wait_for(lambda: children() - before, "the process has started")
    return (children() - before).pop()


def plan_of(job: Job, allowance: Allowance | None = None) -> OptimisedPlan | NoPlan:
    return asyncio.run(run(job, allowance or Allowance()))


def with_a_replica_in_place(job: Job) -> Job:
    first, node = job.demands[0], job.snapshot.nodes[0]
    variant = next(one for one in first.variants if one.tier is node.tier)
    replica = ReplicaOf(first.model, variant.name, first.clients[0].site)
    pod = Pod(first.model.namespace, "replica", node.name, variant.requests, replica)
    return replace(job, snapshot=Snapshot(job.snapshot.nodes, (pod,)))


@pytest.mark.parametrize("size", ["tiny", "small"])
def test_the_plan_is_that_of_the_optimiser_in_this_process(size: str) -> None:
    job = with_a_replica_in_place(made(size))
    assert plan_of(job) == optimise(job.demands, job.snapshot)


def test_several_jobs_are_answered_in_their_order() -> None:
    jobs = [made("small"), made("tiny")]
    with standing_by(2, Allowance()) as answer_all:
        plans = answer_all(jobs)
    assert plans == [optimise(job.demands, job.snapshot) for job in jobs]


async def is_waiting_for_its_job(pid: int) -> None:
    """Wait until a process has loaded the solver and does nothing more."""
    process = Path(f"/proc/{pid}")
    await wait_for(
        lambda: (
            "highs" in (process / "maps").read_text()
            and (process / "stat").read_text().rpartition(")")[2].split()[0] == "S"
        ),
        "the process has loaded its libraries",
    )


def test_an_optimiser_loads_its_libraries_before_it_has_a_job() -> None:
    before = children()
    with standing_by(1, Allowance()) as answer_all:
        (pid,) = children() - before
        asyncio.run(is_waiting_for_its_job(pid))
        (plan,) = answer_all([made("tiny")])
    assert isinstance(plan, OptimisedPlan)
    assert children() == before


def test_an_optimiser_that_gets_no_job_leaves_no_process_behind() -> None:
    before = children()
    with standing_by(2, Allowance()):
        assert len(children() - before) == 2
    assert children() == before


async def test_the_event_loop_is_free_while_the_optimiser_works(long_job: Job) -> None:
    before = children()
    waiting = asyncio.create_task(run(long_job, Allowance()))
    await started(before)
    for _ in range(10):
        await asyncio.sleep(0.001)
    assert not waiting.done()
    waiting.cancel()
    await asyncio.wait([waiting])


async def test_a_killed_process_is_an_answer_that_names_the_signal(long_job: Job) -> None:
    before = children()
    waiting = asyncio.create_task(run(long_job, Allowance()))
    os.kill(await started(before), signal.SIGKILL)
    answer = await waiting
    assert answer == Crashed(-signal.SIGKILL, "")
    assert why(answer) == "the optimiser was ended by SIGKILL, as the kernel does when memory runs out"


async def test_an_abort_is_an_answer_that_names_the_signal(long_job: Job) -> None:
    before = children()
    waiting = asyncio.create_task(run(long_job, Allowance()))
    os.kill(await started(before), signal.SIGABRT)
    answer = await waiting
    assert isinstance(answer, Crashed)
    assert (answer.signal_name, why(answer)) == ("SIGABRT", "the optimiser was ended by SIGABRT")


@pytest.mark.parametrize("mebibytes", [48, 64, 80])
def test_more_memory_than_allowed_is_an_answer_that_names_the_limit(long_job: Job, mebibytes: int) -> None:
    answer = plan_of(long_job, Allowance(memory_mebibytes=mebibytes))
    assert answer == OutOfMemory(mebibytes)
    assert why(answer) == f"the optimiser needed more than {mebibytes} MiB of memory"


def test_more_time_than_allowed_is_an_answer_that_names_the_limit_and_the_process_is_gone(
    long_job: Job,
) -> None:
    before = children()
    answer = plan_of(long_job, Allowance(seconds=0.5))
    assert answer == TimedOut(0.5)
    assert why(answer) == "the optimiser did not end within 0.5 s"
    assert children() == before


async def test_a_caller_that_is_cancelled_leaves_no_process_behind(long_job: Job) -> None:
    before = children()
    waiting = asyncio.create_task(run(long_job, Allowance()))
    await started(before)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert children() == before


def test_a_process_whose_parent_is_gone_ends_by_its_limit_of_processor_time() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fogline.optimiser_process", "1024", "1"],
        input=dump(made("large")),
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stdout) == (-signal.SIGXCPU, b"")


def test_a_process_that_cannot_start_is_an_answer(
    long_job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    answer = plan_of(long_job)
    assert isinstance(answer, Crashed)
    assert why(answer).startswith("the optimiser could not be started: [Errno 2]")


def test_a_process_that_fails_is_an_answer_with_its_last_words(
    long_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "highspy.py").write_text("raise OSError('no such solver')\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    answer = plan_of(long_job)
    assert answer == Crashed(1, "OSError: no such solver")
    assert why(answer) == "the optimiser ended with exit code 1: OSError: no such solver"


def test_no_file_of_the_present_folder_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "highspy.py").write_text("raise OSError('a trap')\n")
    monkeypatch.chdir(tmp_path)
    assert isinstance(plan_of(made("tiny")), OptimisedPlan)


def test_without_the_libraries_of_the_optimiser_the_extra_is_named(
    long_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "highspy", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fogline\[optimiser\]'"):
        plan_of(long_job)


@pytest.mark.parametrize("scenario", [settled, rebalance])
def test_a_job_and_its_plan_are_read_as_they_were_written(scenario: Callable[[str], Instance]) -> None:
    instance = scenario("small")
    job = Job(instance.demands, instance.snapshot)
    plan = optimise(job.demands, job.snapshot)
    assert load(dump(job), Job) == job
    assert load(dump(plan), OptimisedPlan) == plan
    pods = job.snapshot.pods
    assert load(dump(plan, known=pods), OptimisedPlan, known=pods) == plan


def test_a_job_is_read_where_python_would_write_enums_as_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python 3.11.2 does, which is Debian's."""
    for kind in (DataSensitivity, Runtime, Tier):
        monkeypatch.setattr(kind, "__reduce_ex__", lambda one, _protocol: (getattr, (type(one), one.name)))
    job = made("tiny")
    assert b"getattr" in pickle.dumps(Tier.EDGE)
    assert load(dump(job), Job) == job


def test_a_plan_that_names_pods_by_number_is_refused_where_they_are_not_known() -> None:
    job = with_a_replica_in_place(made("tiny"))
    plan = dump(optimise(job.demands, job.snapshot), known=job.snapshot.pods)
    with pytest.raises(ValueError, match="no OptimisedPlan"):
        load(plan, OptimisedPlan)


class Trap:
    """Calls something when it is read."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


@pytest.mark.parametrize(
    "bad", [b"", b"no pickle", dump(made("tiny"))[:-1], pickle.dumps(Trap()), dump("text")]
)
def test_bytes_that_are_no_value_of_ours_are_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match="no Job"):
        load(bad, Job)
