"""Dumps of clusters: what `kubectl get -o json` writes is read fast, and as exactly as what people write."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.builders import make_model
from tests.support.live import NOW, pod_document, serving, stored

from fogline.cli.documents import FileError
from fogline.cli.dump import Dump, split
from fogline.cli.inventory import Inventory, take_inventory
from fogline.cli.sources import read
from fogline.config import from_environment

NODE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "n1", "creationTimestamp": None, "labels": {"fogline.dev/latency-ms": "5"}},
    "status": {
        "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
        "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": None}],
    },
}
BARE_NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}
POD = serving(pod_document(stored(make_model()), "r-1"), "n1")


def a_list(*items: Any, kind: str = "List", indent: int | None = 4) -> bytes:
    return json.dumps({"apiVersion": "v1", "items": items, "kind": kind}, indent=indent).encode()


def dump_of(*items: Any, **how: Any) -> Dump:
    found = split("dump.json", a_list(*items, **how))
    assert found is not None
    return found


def taken(path: Path) -> Inventory:
    return take_inventory(read(str(path)), from_environment({}), NOW, pytest.fail)


def complaint(path: Path, *items: Any, **how: Any) -> str:
    path.write_bytes(a_list(*items, **how))
    with pytest.raises(FileError) as caught:
        taken(path)
    return str(caught.value).removeprefix(f"{path}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dump.json"


def test_items_are_read_alike_in_a_dump_and_one_by_one(path: Path) -> None:
    path.write_bytes(a_list(NODE, POD))
    alone = [path.with_name("node.json"), path.with_name("pod.json")]
    for file, document in zip(alone, (NODE, POD), strict=True):
        file.write_text(json.dumps(document))
    found = take_inventory(
        (one for file in alone for one in read(str(file))), from_environment({}), NOW, pytest.fail
    )
    assert taken(path) == found
    assert [pod.replica is not None for pod in found.snapshot.pods] == [True]


def test_a_dump_of_one_kind_needs_no_kind_in_its_items(path: Path) -> None:
    bare = {key: value for key, value in NODE.items() if key not in {"kind", "apiVersion"}}
    path.write_bytes(a_list(bare, kind="NodeList"))
    assert [node.name for node in taken(path).snapshot.nodes] == ["n1"]


def test_nulls_and_plain_numbers_are_read_as_people_mean_them(path: Path) -> None:
    path.write_bytes(a_list({**NODE, "spec": None, "status": {"allocatable": {"cpu": 4, "memory": None}}}))
    (node,) = taken(path).snapshot.nodes
    assert (node.allocatable, node.ready) == ({"cpu": 4000, "pods": 110}, True)


def test_a_bad_item_is_named_with_line_index_and_field(path: Path) -> None:
    broken = {"kind": "Node", "metadata": {"name": "n2"}, "status": {"conditions": [{"status": 1}]}}
    said = complaint(path, BARE_NODE, broken)
    assert said == ":19: items[1].status.conditions[0].status: Expected `str`, got `int`"


def test_a_bad_item_is_named_on_one_long_line_too(path: Path) -> None:
    assert complaint(path, NODE, {**NODE, "metadata": {}}, indent=None).startswith(":1: items[1].metadata: ")


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (None, ":11: items[1]: must be a Kubernetes object"),
        ("text", ":11: items[1]: must be a Kubernetes object"),
        ({"metadata": {"name": "n2"}}, ":11: items[1].kind: is required"),
        ({"kind": 5}, ":12: items[1].kind: is required"),
    ],
)
def test_an_item_that_is_no_object_is_named(path: Path, item: Any, message: str) -> None:
    assert complaint(path, BARE_NODE, item).startswith(message)


def test_an_item_that_is_there_twice_is_named_with_both_lines(path: Path) -> None:
    said = complaint(path, NODE, POD, NODE)
    assert said.endswith(f"items[2].metadata.name: Node n1 is there already, see {path}:4")
    lines = path.read_text().splitlines()
    assert [number for number, text in enumerate(lines, 1) if '"n1"' in text][-1] == int(said.split(":")[1])


def test_a_key_that_is_twice_in_a_model_is_named(path: Path) -> None:
    model = json.dumps(
        {"apiVersion": "fogline.dev/v1alpha1", "kind": "ModelDeployment", "spec": {"replicas": 1}}
    )
    twice = model.replace('"replicas": 1', '"replicas": 1,\n "replicas": 2')
    path.write_text(f'{{"kind": "List",\n "items": [\n{twice}]}}')
    with pytest.raises(FileError, match=r":4: is no valid YAML: the key 'replicas' is there twice"):
        taken(path)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"kind: List\nitems: []", b'{"kind": "Node"}', b'{"items": []}', b'{"kind": "List"}'],
)
def test_what_is_no_list_in_json_is_left_to_the_reader_of_documents(data: bytes) -> None:
    assert split("dump.json", data) is None


def test_lines_are_found_where_items_are_equal() -> None:
    dump = dump_of({"a": 1}, {"a": 1}, {"a": 1})
    assert [dump.line_of(number) for number in range(3)] == [4, 7, 10]
