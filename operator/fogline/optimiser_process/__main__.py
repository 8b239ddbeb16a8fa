"""The process itself: ``python -m fogline.optimiser_process MEMORY_MEBIBYTES CPU_SECONDS``.

It reads a job on standard input and writes the plan to standard output.
"""

import contextlib
import gc
import os
import resource
import sys
from pathlib import Path
from typing import BinaryIO

from fogline.optimiser_process import wire
from fogline.optimiser_process.job import Job


def main(memory_mebibytes: int, cpu_seconds: int) -> None:
    """Answer one job within limits."""
    limit(memory_mebibytes, cpu_seconds)
    from fogline.placement.optimiser import optimise  # noqa: PLC0415  its libraries keep to the limits too

    with _own_output() as output:
        gc.disable()  # all of the job stays: the collector need not go through it, now or later
        job = wire.load(sys.stdin.buffer.read(), Job)
        gc.freeze()
        gc.enable()
        plan = optimise(job.demands, job.snapshot, job.limits)
        gc.disable()
        output.write(wire.dump(plan, known=job.snapshot.pods))


def limit(memory_mebibytes: int, cpu_seconds: int) -> None:
    """Refuse memory and processor time beyond what is allowed.

    Private writable memory is what counts: libraries that are mapped from their files take none. The parent
    measures the time; the limit of the processor time ends a process whose parent is gone.
    """
    memory = memory_mebibytes * 1024**2
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(
        OSError
    ):  # where the kernel has to choose a process to end, it should be this one
        Path("/proc/self/oom_score_adj").write_text("1000")


def _own_output() -> BinaryIO:
    """Keep standard output for the plan: what a library prints goes to standard error."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return output


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
