"""The judge: holds what happened in a cluster against our promises, however they are kept."""

from tests.support.judging.judge import Judge
from tests.support.judging.seen import Limits

__all__ = ["Judge", "Limits"]
