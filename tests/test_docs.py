"""The documentation: what it tells people to write is accepted."""

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from dev import libyaml
from tests.support import policies

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
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def manifests() -> Iterator[Any]:
    """Go through the objects of ours in the YAML blocks of the documentation, named by their page."""
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for block in YAML_BLOCK.findall(path.read_text()):
            for document in libyaml.load_all(block):
                if isinstance(document, dict) and document.get("kind") in PARSE:
                    yield pytest.param(document, id=f"{path.name}: {document['kind']}")


@pytest.mark.parametrize("manifest", [*manifests()])
def test_every_manifest_is_valid(manifest: dict[str, Any]) -> None:
    assert PARSE[manifest["kind"]](manifest, strict=True).metadata.name == manifest["metadata"]["name"]


def test_there_are_manifests_of_every_kind() -> None:
    assert {found.values[0]["kind"] for found in manifests()} == set(PARSE)


HOW_IT_DECIDES = (ROOT / "docs" / "how-it-decides.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| `(.+)` = ([\d.]+) \| `(.+)` = ([\d.]+) \| ([\d.]+) \|$", re.MULTILINE)


def worked_out(formula: str) -> float:
    """Compute what a reader would by hand."""
    return float(eval(formula, {"max": max}))  # noqa: S307  from a page of our own


def test_the_example_by_hand_counts_as_the_decision_does(tmp_path: Path) -> None:
    """The formulas of the table give its figures, and the real decision gives the same ones."""
    (page,) = FILE.findall(HOW_IT_DECIDES)
    (tmp_path / page[0]).write_text(page[1])
    planned = CliRunner().invoke(main, ["plan", "-f", str(tmp_path / page[0]), "-o", "json"])
    (answer,) = json.loads(planned.stdout)["elsewhere"]
    offers = {one["offer"]["node"]: one["offer"] for one in [answer, *answer["nodes"]]}

    rows = ROW.findall(HOW_IT_DECIDES)

    assert {row[0] for row in rows} == set(offers) - {"small"}
    for node, money, cost, wait, penalty, counts in rows:
        assert worked_out(money) == pytest.approx(float(cost))
        assert worked_out(wait) == pytest.approx(float(penalty))
        assert float(cost) + float(penalty) == pytest.approx(float(counts))
        assert (offers[node]["costPerHour"], offers[node]["latencyPenaltyPerHour"]) == (cost, penalty)
    assert min(rows, key=lambda row: float(row[-1]))[0] == answer["offer"]["node"]


DEFAULTS = {
    "namespaces": "all",
    "edge_fetch_megabits": "none",
    "metrics_models": "none",
    "metrics_nodes": "none",
    "pod_uid": "none",
    "policies": "none",
    "collector_url": "none",
    "kubeflow_trainer": "false",
    "move_budgets": '[{"moves": 5}]',
}
"""Those that the page says in other words than Python."""


@pytest.mark.parametrize("kind", [Settings, JanitorSettings])
def test_every_setting_is_documented_with_its_default(kind: type[Settings | JanitorSettings]) -> None:
    for field in fields(kind):
        default = DEFAULTS.get(field.name, str(field.default))
        row = rf"\| `FOGLINE_{field.name.upper()}` \| `?{re.escape(default)}`? \|"
        assert re.search(row, OPERATIONS), field.name


RELIABILITY, SECURITY_MODEL = (
    (ROOT / "docs" / f"{page}.md").read_text() for page in ("reliability", "security-model")
)
NAMED_TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


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


@pytest.mark.parametrize(("path", "name"), sorted({*NAMED_TEST.findall(RELIABILITY + SECURITY_MODEL)}))
def test_every_test_that_the_pages_about_promises_and_threats_name_is_there(path: str, name: str) -> None:
    assert name.lower().startswith("test")
    assert name in names_in(ROOT / "tests" / path)


def test_every_promise_and_every_fault_is_on_the_page_about_reliability() -> None:
    found = re.findall(r"^\*\*([RF]\d\d?) ", RELIABILITY, re.MULTILINE)
    wanted = [f"R{number}" for number in range(1, 14)] + [f"F{number:02}" for number in range(1, 35)]
    assert sorted(found) == sorted(wanted)


def test_every_threat_is_on_the_page_about_security_and_has_a_test() -> None:
    parts = re.split(r"^\*\*(T\d\d) ", SECURITY_MODEL.partition("## Threats")[2], flags=re.MULTILINE)
    told = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert sorted(told) == [f"T{number:02}" for number in range(1, 27)]
    assert [threat for threat, text in told.items() if not NAMED_TEST.search(text)] == []


def test_the_page_about_security_has_every_policy_with_its_value() -> None:
    rows = re.findall(r"^\| `(\w+)`(?: \(off\))? \| (`fogline-[^|]*`) \|", SECURITY_MODEL, re.MULTILINE)
    told = {value: re.findall(r"`([\w-]+)`", names) for value, names in rows}
    values = libyaml.load((ROOT / "charts" / "fogline" / "values.yaml").read_text())["policies"]
    assert told.keys() == {value for value in values if value != "controllers"}
    made = set(policies.names(policies.policies(podBinding=True)))
    assert {name for names in told.values() for name in names} == made
