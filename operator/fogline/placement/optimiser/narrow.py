"""Narrow a program in whole numbers to what lies around a plan and the solution without whole numbers.

Where both agree there is seldom anything to gain, and most numbers are agreed on (Danna, Rothberg, Le Pape:
"Exploring relaxation induced neighborhoods to improve MIP solutions", Mathematical Programming 102, 2005).
"""

from enum import Enum, auto

import numpy as np
from highspy import _core

from fogline.placement.optimiser.highs import run
from fogline.placement.optimiser.problem import Floats

_WHOLE = 1e-6
"""What a number may be off by and still be whole."""


class Scope(Enum):
    """Which plans are looked at. A plan to begin with is always one of them."""

    ALL = auto()
    OPEN = auto()
    """Numbers on which the plan and the solution without whole numbers agree stay as they are."""
    BETWEEN = auto()
    """Each number stays between the two: quicker, and with less to find."""


def narrow(solver: _core._Highs, begun: Floats, scope: Scope) -> None:
    """Bound the columns of a program.

    Parameters
    ----------
    begun
        Value of each column for the plan to begin with.
    """
    if scope is Scope.ALL:
        return
    solver.setOptionValue("solve_relaxation", True)  # noqa: FBT003  the solver takes no names
    run(solver)
    solver.setOptionValue("solve_relaxation", False)  # noqa: FBT003
    if solver.getModelStatus() != _core.HighsModelStatus.kOptimal:
        return
    relaxed, model = np.array(solver.getSolution().col_value), solver.getLp()
    whole = np.array([kind == _core.HighsVarType.kInteger for kind in model.integrality_])
    lower, upper = np.array(model.col_lower_), np.array(model.col_upper_)
    if scope is Scope.OPEN:
        settled = whole & (np.abs(relaxed - begun) < _WHOLE)
        lower, upper = np.where(settled, begun, lower), np.where(settled, begun, upper)
    else:
        lower = np.where(whole, np.minimum(np.floor(relaxed + _WHOLE), begun), lower)
        upper = np.where(whole, np.maximum(np.ceil(relaxed - _WHOLE), begun), upper)
    solver.changeColsBounds(len(whole), np.arange(len(whole), dtype=np.int32), lower, upper)
