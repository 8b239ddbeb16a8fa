"""The solver of the optimiser."""

import subprocess
import sys

PROGRAM = """
from highspy import Highs, _core
from fogline.placement.optimiser.highs import run

other = Highs()
other.setOptionValue("output_flag", False)
other.setOptionValue("threads", 2)
other.addVar(0.0, 1.0)
other.run()
ours = _core._Highs()
ours.setOptionValue("output_flag", False)
ours.setOptionValue("threads", 1)
ours.passModel(other.getLp())
run(ours)
"""


def test_a_solver_that_refuses_to_run_is_an_error_and_no_empty_plan() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 1
    assert "RuntimeError: HiGHS refuses to solve" in done.stderr
