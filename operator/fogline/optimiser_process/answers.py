"""Why there is no plan. Values, not exceptions: the caller goes on without one."""

import signal
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Crashed:
    """The process ended without an answer that can be read."""

    exit_code: int | None
    """The number of a signal when negative; None when the process could not be started."""
    last_words: str
    """The last line that it wrote about itself; often empty."""

    @property
    def signal_name(self) -> str | None:
        """The signal that ended it, such as ``SIGSEGV``; None when none did."""
        return _signal_name(-self.exit_code) if self.exit_code is not None and self.exit_code < 0 else None


@dataclass(frozen=True, slots=True)
class OutOfMemory:
    """The process asked for more memory than it was allowed."""

    limit_mebibytes: int


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The process was ended because it took longer than it was allowed."""

    limit_seconds: float


NoPlan = Crashed | OutOfMemory | TimedOut


def why(answer: NoPlan) -> str:
    """Say in one sentence why there is no plan."""
    match answer:
        case OutOfMemory(limit):
            return f"the optimiser needed more than {limit} MiB of memory"
        case TimedOut(limit):
            return f"the optimiser did not end within {limit:g} s"
        case Crashed(exit_code, last_words):
            return f"the optimiser {_end(exit_code, answer.signal_name)}{last_words and f': {last_words}'}"


def _end(exit_code: int | None, signal_name: str | None) -> str:
    if exit_code is None:
        return "could not be started"
    if signal_name == "SIGKILL":
        return "was ended by SIGKILL, as the kernel does when memory runs out"
    return f"was ended by {signal_name}" if signal_name else f"ended with exit code {exit_code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
