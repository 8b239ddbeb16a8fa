"""Decisions about trainings: what a run needs next, and what is to be said of it. All of it is pure."""

from fogline.training.answers import Answer, read_answer
from fogline.training.artifacts import Artifacts, artifacts
from fogline.training.intend import Intent, News, intend
from fogline.training.progress import Progress, read_progress
from fogline.training.seen import Seen, SeenJob, SeenPod
from fogline.training.verdicts import Refusal

__all__ = [
    "Answer",
    "Artifacts",
    "Intent",
    "News",
    "Progress",
    "Refusal",
    "Seen",
    "SeenJob",
    "SeenPod",
    "artifacts",
    "intend",
    "read_answer",
    "read_progress",
]
