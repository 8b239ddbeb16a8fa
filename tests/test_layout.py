"""The shape of the repository: mistakes that no other test would explain."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.support.scheduling import LONG, SHARING

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "operator" / "fogline"
HEAVY = ("scipy", "highspy", "tensorflow", "kubernetes", "hypothesis", "pytest")


def python(code: str) -> str:
    """Run code in a fresh interpreter that finds the project as an installed one does."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=180,
    )
    return done.stdout.strip()


def test_the_folder_operator_is_no_package_and_hides_no_standard_module() -> None:
    assert not (ROOT / "operator" / "__init__.py").exists()
    found = python("import operator, os; print(operator.__file__); print(operator.add(1, 2))").splitlines()
    assert Path(found[0]).parent == Path(python("import os; print(os.__file__)")).parent
    assert found[1] == "3"


def test_the_operator_starts_without_the_libraries_that_only_others_need() -> None:
    absent = f"import sys; sys.modules.update(dict.fromkeys({HEAVY}))"  # None makes an import fail
    assert (
        python(f"{absent}; import fogline.handlers.operate, fogline.placement.limits; print('started')")
        == "started"
    )


@pytest.mark.parametrize("layer", ["placement", "objects", "api"])
def test_decisions_are_imported_without_anything_that_talks_to_the_world(layer: str) -> None:
    world = ("kopf", "aiohttp", "kubernetes", "prometheus_client")
    code = f"import fogline.{layer}, sys; print([m for m in {world} if m in sys.modules])"
    assert python(code) == "[]"


def test_no_module_of_ours_is_called_like_one_of_the_standard_library() -> None:
    # a script that is run by its path puts its folder first on sys.path, where it hides standard modules
    scripts = (
        path
        for folder in ("bench", "dev", "examples/digits", "examples/shapes")
        for path in (ROOT / folder).glob("*.py")
    )
    packages = (path.parent for path in PACKAGE.glob("*/__init__.py"))
    names = {path.stem for path in (*PACKAGE.glob("*.py"), *packages, *scripts)}
    assert names & (sys.stdlib_module_names - {"__init__"}) == set()


def test_the_page_for_contributors_has_every_module_in_the_layer_that_the_linter_holds_it_to() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    held = next(one["layers"] for one in contracts if one["name"] == "a layer imports only what is below it")
    steps = [{module.strip().removeprefix("fogline.") for module in step.split(":")} for step in held]
    table = (
        (ROOT / "CONTRIBUTING.md")
        .read_text()
        .partition("| layer | modules | job |\n")[2]
        .partition("\n\n")[0]
    )
    rows = [set(re.findall(r"`(\w+)`", line.split("|")[2])) for line in table.splitlines()[1:]]
    for row in rows:
        told: set[str] = set()
        while steps and not steps[0].isdisjoint(row):
            told |= steps.pop(0)
        assert row == told
    assert steps == []
    modules = {
        path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert modules - {"__init__"} == set().union(*rows)


def test_every_folder_of_the_package_says_what_it_is_for() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        assert path.read_text().startswith('"""'), path
    assert all((path.parent / "__init__.py").exists() for path in PACKAGE.rglob("*.py"))


def test_every_file_that_tests_are_scheduled_by_is_there() -> None:
    assert [file for file in (*LONG, *SHARING) if not (ROOT / file).is_file()] == []
