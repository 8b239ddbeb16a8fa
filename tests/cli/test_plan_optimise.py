"""``fogline plan --optimise``: all models together, in a process of its own."""

import os
import sys
from pathlib import Path

import pytest
from tests.support.plan_files import CHEAP_NODE, POD, planned, run_plan


@pytest.mark.usefixtures("files")
def test_an_optimised_plan_tells_the_bound_the_gap_and_the_moves(files: Path) -> None:
    (files / "more.yaml").write_text(f"{CHEAP_NODE}---\n{POD}")
    found = planned("--optimise", "-f", "nodes.yaml", "-f", "models.yaml", "-f", "more.yaml")
    assert [(one["node"], one["inPlace"]) for one in found["assignments"]] == [("cloud-2", False)] * 2
    assert [(one["pod"], one["from"], one["to"]) for one in found["moves"]] == [("r-1", "cloud-1", "cloud-2")]
    assert (found["costPerHour"], found["lowerBoundCostPerHour"], found["gapPercent"]) == ("0.25", "0.25", 0)


@pytest.mark.usefixtures("files")
def test_an_optimised_plan_is_told_to_people_with_its_moves_and_its_quality(files: Path) -> None:
    (files / "more.yaml").write_text(f"{CHEAP_NODE}---\n{POD}")
    result = run_plan("--optimise", "-f", "nodes.yaml", "-f", "models.yaml", "-f", "more.yaml")
    assert "shop/digits: r-1 should move from cloud-1 to cloud-2" in result.stdout
    assert "within 0.0 % of the best possible: no plan counts for less than 0.25" in result.stdout


@pytest.mark.usefixtures("files")
def test_without_the_libraries_of_the_optimiser_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "highspy", None)
    result = run_plan("--optimise", "-f", "nodes.yaml", "-f", "models.yaml")
    assert result.exit_code == 2
    assert result.stderr == "fogline: the optimiser needs more libraries: pip install 'fogline[optimiser]'\n"


def test_too_little_memory_is_told_with_the_setting_that_gives_more(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (files / "highspy.py").write_text("bytearray(1 << 30)\n")  # found before the real one
    monkeypatch.setenv("PYTHONPATH", f"{files}:{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("FOGLINE_OPTIMISER_MEBIBYTES", "512")
    result = run_plan("--optimise", "-f", "nodes.yaml", "-f", "models.yaml")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        "fogline: the optimiser needed more than 512 MiB of memory;"
        " FOGLINE_OPTIMISER_MEBIBYTES gives it more\n"
    )


def test_too_little_time_is_told_with_the_setting_that_gives_more(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (files / "highspy.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setenv("PYTHONPATH", f"{files}:{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("FOGLINE_OPTIMISER_SECONDS", "1")
    result = run_plan("--optimise", "-f", "nodes.yaml", "-f", "models.yaml")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        "fogline: the optimiser did not end within 1 s; FOGLINE_OPTIMISER_SECONDS gives it more\n"
    )


def test_a_crash_is_told_with_its_last_words(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (files / "highspy.py").write_text("import os\nos.abort()\n")
    monkeypatch.setenv("PYTHONPATH", f"{files}:{os.environ.get('PYTHONPATH', '')}")
    result = run_plan("--optimise", "-f", "nodes.yaml", "-f", "models.yaml")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == "fogline: the optimiser was ended by SIGABRT\n"
