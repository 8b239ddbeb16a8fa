"""How long the whole command takes: from the dump of a cluster on the disk to the plan that is told."""

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from dev.instances import Instance, documents

_FOGLINE = (sys.executable, "-c", "from fogline.cli import main; main()")
_LIMIT_SECONDS = 300
_ENDED_WITH_A_PLAN = {0, 1}
"""1 says that some replica has no node."""


@dataclass(frozen=True, slots=True)
class WholeCommand:
    """What ``fogline plan --optimise`` took, its start and its optimiser included."""

    nodes: int
    dump_megabytes: float
    seconds: float
    cpu_seconds: float
    """Of both processes."""
    gap_percent: float | None
    """How far the plan is above its own bound at most; None when the bound says nothing."""


def measure_whole_command(instance: Instance) -> WholeCommand:
    """Write a cluster into a file, and have it planned by the command that users run.

    Needs a process that runs no other programs, whose time would count too.

    Raises
    ------
    RuntimeError
        The command ended without a plan.
    """
    with TemporaryDirectory() as folder:
        dump = Path(folder) / "dump.json"
        dump.write_text(json.dumps(documents(instance)))
        before, began = _cpu_seconds(), time.perf_counter()
        done = subprocess.run(  # noqa: S603  a command of ours
            [*_FOGLINE, "plan", "--optimise", "--output=json", f"--filename={dump}"],
            capture_output=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
        seconds, cpu_seconds = time.perf_counter() - began, _cpu_seconds() - before
        if done.returncode not in _ENDED_WITH_A_PLAN:
            raise RuntimeError(f"fogline plan ended with {done.returncode}: {done.stderr.decode()}")
        return WholeCommand(
            nodes=len(instance.snapshot.nodes),
            dump_megabytes=dump.stat().st_size / 1e6,
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            gap_percent=json.loads(done.stdout)["gapPercent"],
        )


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
