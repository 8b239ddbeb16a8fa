"""The global optimiser in a process of its own: a crash or a hang costs a plan and nothing else."""

from fogline.optimiser_process.answers import Crashed, NoPlan, OutOfMemory, TimedOut, why
from fogline.optimiser_process.job import Allowance, Job
from fogline.optimiser_process.run import Optimiser, run, standing_by

__all__ = [
    "Allowance",
    "Crashed",
    "Job",
    "NoPlan",
    "Optimiser",
    "OutOfMemory",
    "TimedOut",
    "run",
    "standing_by",
    "why",
]
