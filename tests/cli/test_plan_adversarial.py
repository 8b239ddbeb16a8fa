"""Files that nobody means well with get an answer or a mistake with its place: no crash, no endless work."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from tests.support.plan_files import MODEL, planned, run_plan

BOTH_WAYS = pytest.mark.parametrize("options", [(), ("--optimise",)], ids=["in turn", "optimised"])


def node(name: str = "cloud-1", labels: Mapping[str, str] | None = None, **allocatable: Any) -> str:
    """Write a Node of four cores."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": dict(labels or {})},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", **allocatable}},
        }
    )


def pod(**spec: Any) -> str:
    """Write somebody's Pod on the node."""
    metadata = {"name": "somebody", "namespace": "other"}
    return yaml.safe_dump({"kind": "Pod", "metadata": metadata, "spec": {"nodeName": "cloud-1", **spec}})


def plan_of(files: Path, *documents: str, options: tuple[str, ...] = ()) -> Result:
    (files / "nodes.yaml").write_text("---\n".join(documents))
    return run_plan("-f", "nodes.yaml", "-f", "models.yaml", *options)


def where(files: Path, *documents: str, options: tuple[str, ...] = ()) -> list[str]:
    """Plan, and give the nodes that the replicas get."""
    (files / "nodes.yaml").write_text("---\n".join(documents))
    found = planned("-f", "nodes.yaml", "-f", "models.yaml", *options)
    return [row["node"] for row in found["assignments"]]


@BOTH_WAYS
@pytest.mark.parametrize("text", ["NaN", "Infinity", "-1", "1e9", "100001", "9" * 63, "0x1", "free"])
def test_a_label_that_is_no_number_of_its_kind_counts_as_absent_and_is_told(
    files: Path, text: str, options: tuple[str, ...]
) -> None:
    labels = ["fogline.dev/cost-per-hour", "fogline.dev/latency-ms", "latency.fogline.dev/plant-a"]
    texts = dict.fromkeys(labels, text if text != "100001" else "600001")
    result = plan_of(files, node(labels=texts), options=("-o", "json", *options))
    assert result.exit_code == 0
    row = json.loads(result.stdout)["assignments"][0]
    assert (row["costPerHour"], row["latencyMilliseconds"]) == ("0", None)
    assert all(f"label {label} counts as absent on cloud-1" in result.stderr for label in labels)


@BOTH_WAYS
@pytest.mark.parametrize(
    "name", ["10.0.0.1", "a b", "{}", "%s", "ü", "x" * 300, "a\nb", "[bold]", "../etc", "null", "~"]
)
def test_a_node_may_have_any_name(files: Path, name: str, options: tuple[str, ...]) -> None:
    assert where(files, node(name), options=options) == [name, name]


@BOTH_WAYS
@pytest.mark.parametrize("amount", ["9E", "9e99", "1e15", "9" * 32])
def test_a_node_may_claim_any_room(files: Path, amount: str, options: tuple[str, ...]) -> None:
    assert where(files, node(cpu=amount, memory=amount, pods=amount), options=options) == [
        "cloud-1",
        "cloud-1",
    ]


@BOTH_WAYS
@pytest.mark.parametrize("room", [{"cpu": 0}, {"cpu": "1n"}, {"memory": "0"}, {"pods": 0}])
def test_a_node_may_have_no_room(files: Path, room: dict[str, Any], options: tuple[str, ...]) -> None:
    result = plan_of(files, node(**room), options=options)
    assert (result.exit_code, "InsufficientResource" in result.stdout) == (1, True)


@pytest.mark.parametrize(
    "amount", ["-1", "NaN", "Infinity", ".inf", "1e100", "", "\N{ARABIC-INDIC DIGIT ONE}"]
)
def test_room_that_is_no_amount_is_a_mistake(files: Path, amount: str) -> None:
    result = plan_of(files, node(cpu=amount))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nodes.yaml:" in result.stderr
    assert "status.allocatable" in result.stderr


@pytest.mark.parametrize(
    "spec",
    [
        {"containers": [{"name": "c", "resources": {"requests": {"cpu": "-100"}}}]},
        {"containers": [], "resources": {"requests": {"cpu": "-100"}}},
        {"containers": [], "overhead": {"cpu": -100}},
    ],
    ids=["container", "pod", "overhead"],
)
def test_a_pod_that_would_make_room_is_a_mistake(files: Path, spec: dict[str, Any]) -> None:
    result = plan_of(files, node(cpu="1"), pod(**spec))
    assert (result.exit_code, "'-100' of cpu is below 0" in result.stderr) == (2, True)


@BOTH_WAYS
def test_a_pod_that_requests_more_than_there_can_be_only_fills_its_node(
    files: Path, options: tuple[str, ...]
) -> None:
    hog = pod(containers=[{"name": "c", "resources": {"requests": {"cpu": "9E", "memory": "9e99"}}}])
    assert where(files, node(), hog, node("cloud-2"), options=options) == ["cloud-2", "cloud-2"]


@BOTH_WAYS
def test_zero_replicas_are_an_answer(files: Path, options: tuple[str, ...]) -> None:
    (files / "models.yaml").write_text(MODEL.replace("replicas: 2", "replicas: 0"))
    result = plan_of(files, node(), options=options)
    assert (result.exit_code, "0 replicas have a node, 0 without" in result.stdout) == (0, True)


@pytest.mark.parametrize("text", ['{kind: Node, metadata: {name: ""}}', "{kind: Node, metadata: {}}"])
def test_a_node_without_a_name_is_a_mistake(files: Path, text: str) -> None:
    result = plan_of(files, text)
    assert (result.exit_code, "name" in result.stderr) == (2, True)


def bomb(levels: int) -> str:
    """Write some lines that stand for ten to the power of some levels of values."""
    lines = ["kind: Node", "metadata: {name: n}", "x0: &x0 [" + ",".join(["lol"] * 10) + "]"]
    lines += [f"x{level}: &x{level} [{','.join([f'*x{level - 1}'] * 10)}]" for level in range(1, levels)]
    return "\n".join(lines)


ENDLESS = {
    "a list in itself": ("kind: Node\nmetadata: &m [*m]", "contains itself"),
    "an object in itself": ("kind: Node\nmetadata: &m {name: n, labels: *m}", "contains itself"),
    "aliases of aliases": (bomb(9), "through its aliases"),
    "a chain of deep aliases": (
        "\n".join(
            ["kind: Node", "x0: &x0 " + "[" * 90 + "]" * 90]
            + [f"x{level}: &x{level} {'[' * 90}*x{level - 1}{']' * 90}" for level in range(1, 50)]
        ),
        "is nested more than 100 levels deep",
    ),
    "nested YAML": ("- " * 20_000 + "x", "nest"),
    "nested JSON": ('{"kind": ' * 20_000 + "1" + "}" * 20_000, "nest"),
    "a nested item of a list": (
        '{"kind": "NodeList", "items": [' + '{"a": ' * 20_000 + "1" + "}" * 20_000 + "]}",
        "nest",
    ),
    "a somewhat nested item of a list": (
        '{"kind": "NodeList", "items": [' + '{"a": ' * 300 + "1" + "}" * 300 + "]}",
        "nest",
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_document_that_is_endless_when_written_out_is_refused(files: Path, name: str) -> None:
    text, message = ENDLESS[name]
    result = plan_of(files, text)
    assert (result.exit_code, result.stdout) == (2, ""), result
    assert message in result.stderr
    assert result.stderr.startswith("fogline: nodes.yaml")


def test_aliases_that_people_write_are_read(files: Path) -> None:
    text = """
kind: Node
metadata: {name: a, labels: &labels {disk: ssd}, annotations: *labels}
status: {allocatable: &room {cpu: 1, memory: 8Gi}}
---
kind: Node
metadata: {name: b, labels: {<<: {disk: ssd}}}
status: {allocatable: {cpu: 1, memory: 8Gi}}
"""
    assert where(files, text) == ["a", "b"]
