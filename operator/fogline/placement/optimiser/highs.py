"""One way to run the solver, so that its refusal is never taken for an answer."""

from highspy import _core


def run(solver: _core._Highs) -> None:
    """Run the solver; what it found is for the caller to read.

    Raises
    ------
    RuntimeError
        It refuses to. HiGHS keeps one pool of threads for a process, and refuses another number of them.

    """
    if solver.run() == _core.HighsStatus.kError:
        message = "HiGHS refuses to solve: was it used in this process with another number of threads?"
        raise RuntimeError(message)
