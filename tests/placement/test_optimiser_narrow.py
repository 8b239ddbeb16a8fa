"""A program in whole numbers, narrowed: the plan to begin with stays possible, and what is settled stays."""

import numpy as np
import pytest
from highspy import _core

from fogline.placement.optimiser.narrow import Scope, narrow

BEGUN = np.array([3.0, 0.0, 2.0, 3.5])
"""Columns a to d. The best without whole numbers is 0, 3.5, 2, 0."""


def program() -> _core._Highs:
    """Make one: 2a + 2b >= 5 and b + c + d >= 5.5, where c >= 2, and d need not be whole."""
    model = _core.HighsLp()
    model.num_col_, model.num_row_ = 4, 2
    model.col_cost_ = np.array([2.0, 1.0, 3.0, 2.0])
    model.col_lower_, model.col_upper_ = np.array([0.0, 0, 2, 0]), np.full(4, 9.0)
    model.row_lower_, model.row_upper_ = np.array([5.0, 5.5]), np.full(2, np.inf)
    model.a_matrix_.format_ = _core.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_ = np.array([0, 2, 5]), np.array([0, 1, 1, 2, 3])
    model.a_matrix_.value_ = np.array([2.0, 2, 1, 1, 1])
    model.integrality_ = [_core.HighsVarType.kInteger] * 3 + [_core.HighsVarType.kContinuous]
    solver = _core._Highs()  # noqa: SLF001  the public class prints a banner when it is made
    solver.setOptionValue("output_flag", False)  # noqa: FBT003  the solver takes no names
    solver.setOptionValue("threads", 1)  # as everywhere: it is one number for the whole process
    solver.passModel(model)
    return solver


def bounds(scope: Scope) -> list[tuple[float, float]]:
    solver = program()
    narrow(solver, BEGUN, scope)
    model = solver.getLp()
    return list(zip(model.col_lower_, model.col_upper_, strict=True))


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope.ALL, [(0, 9), (0, 9), (2, 9), (0, 9)]),
        (Scope.OPEN, [(0, 9), (0, 9), (2, 2), (0, 9)]),
        (Scope.BETWEEN, [(0, 3), (0, 4), (2, 2), (0, 9)]),
    ],
)
def test_each_scope_leaves_free_what_it_says(scope: Scope, expected: list[tuple[float, float]]) -> None:
    assert bounds(scope) == expected


def test_what_need_not_be_whole_is_never_bound() -> None:
    assert all(bounds(scope)[3] == (0, 9) for scope in Scope)
