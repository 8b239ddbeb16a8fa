"""Scenarios: each file is input of ``fogline plan -f``, and the text beside it is the whole answer."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from fogline.cli import main

CASES = sorted((Path(__file__).parents[1] / "cases" / "placement").glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_scenario_is_planned_as_written_beside_it(case: Path, pytestconfig: pytest.Config) -> None:
    result = CliRunner().invoke(main, ["plan", "-f", str(case)])
    answer = f"{result.stdout}exit code {result.exit_code}\n"
    expected = case.with_suffix(".txt")
    if pytestconfig.getoption("--update-golden"):
        expected.write_text(answer)
    assert answer == expected.read_text()
    assert result.stderr == ""


def test_there_are_scenarios() -> None:
    assert len(CASES) >= 12
