"""The documentation: what it tells people to write is accepted."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from fogline.api import ModelDeployment, NodeProfile, parse, parse_node_profile
from fogline.cli import main
from fogline.config import JanitorSettings, Settings

ROOT = Path(__file__).parents[1]
PARSE: Mapping[str, Callable[..., ModelDeployment | NodeProfile]] = {
    "ModelDeployment": parse,
    "NodeProfile": parse_node_profile,
}
YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^<!-- file: (\S+) -->\n```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n\$ fogline ([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
PLAN = (ROOT / "docs" / "plan.md").read_text()


def manifests() -> Iterator[Any]:
    """Go through the objects of ours in the YAML blocks of the documentation, named by their page."""
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for block in YAML_BLOCK.findall(path.read_text()):
            for document in yaml.safe_load_all(block):
                if isinstance(document, dict) and document.get("kind") in PARSE:
                    yield pytest.param(document, id=f"{path.name}: {document['kind']}")


@pytest.mark.parametrize("manifest", [*manifests()])
def test_every_manifest_is_valid(manifest: dict[str, Any]) -> None:
    assert PARSE[manifest["kind"]](manifest, strict=True).metadata.name == manifest["metadata"]["name"]


def test_there_are_manifests_of_every_kind() -> None:
    assert {found.values[0]["kind"] for found in manifests()} == set(PARSE)


@pytest.mark.parametrize(("command", "output"), CONSOLE.findall(PLAN))
def test_every_example_of_a_plan_gives_what_the_page_says(
    command: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILE.findall(PLAN):
        (tmp_path / name).write_text(text)
    result = CliRunner().invoke(main, command.split())
    assert (result.stdout, result.stderr) == (output, "")


def test_the_page_about_plans_has_examples() -> None:
    assert {command.split()[0] for command, _ in CONSOLE.findall(PLAN)} == {"plan", "explain", "top"}


DEFAULTS = {
    "edge_fetch_megabits": "none",
    "metrics_models": "none",
    "pod_uid": "none",
    "move_budgets": '[{"moves": 5}]',
}
"""Those that the page says in other words than Python."""


@pytest.mark.parametrize("kind", [Settings, JanitorSettings])
def test_every_setting_is_documented_with_its_default(kind: type[Settings | JanitorSettings]) -> None:
    for field in fields(kind):
        default = DEFAULTS.get(field.name, str(field.default))
        row = rf"\| `FOGLINE_{field.name.upper()}` \| `?{re.escape(default)}`? \|"
        assert re.search(row, OPERATIONS), field.name


RELIABILITY = (ROOT / "docs" / "reliability.md").read_text()


def names_in(path: Path) -> set[str]:
    """Read the names of the tests in a file without running it."""
    body = ast.parse(path.read_text()).body
    functions = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return functions | {
        target.id
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


@pytest.mark.parametrize(("path", "name"), sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", RELIABILITY))))
def test_every_test_that_the_page_about_reliability_names_is_there(path: str, name: str) -> None:
    assert name.lower().startswith("test")
    assert name in names_in(ROOT / "tests" / path)


def test_every_promise_and_every_fault_is_on_the_page_about_reliability() -> None:
    found = re.findall(r"^\*\*([RF]\d\d?) ", RELIABILITY, re.MULTILINE)
    wanted = [f"R{number}" for number in range(1, 14)] + [f"F{number:02}" for number in range(1, 35)]
    assert sorted(found) == sorted(wanted)
