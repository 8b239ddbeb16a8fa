"""The loop that carries out the runs of trainings."""

from fogline.runs.keeper import RunKeeper

__all__ = ["RunKeeper"]
