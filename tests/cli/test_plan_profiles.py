"""``fogline plan`` with NodeProfiles: the facts that they give, and what is told when they do not count."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.support.crd_cases import smallest_manifest
from tests.support.profiles import profile_document

from fogline.cli import main

PAST, FUTURE = "2020-01-01T00:00:00Z", "9999-01-01T00:00:00Z"


def node(name: str, **labels: str) -> dict[str, Any]:
    """Make an edge node."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"fogline.dev/tier": "Edge", **labels}},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi"}},
    }


NODES = (node("edge-1", disk="ssd", rack="r1"), node("edge-2", disk="hdd"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_plan(folder: Path, *documents: dict[str, Any], output: str = "json") -> Result:
    """Plan one replica on the nodes, with these documents first in the file."""
    items = [*documents, *NODES, smallest_manifest()]
    (folder / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return CliRunner().invoke(main, ["plan", "-f", "all.json", "-o", output])


def test_the_price_of_a_profile_decides_where_a_replica_goes(folder: Path) -> None:
    dear = profile_document("ssd", {"disk": "ssd"}, billing="Node", costPerHour="0.5")
    result = run_plan(folder, profile_document("all", {}, billing="Node", costPerHour="0.25"), dear)
    assert (result.exit_code, result.stderr) == (0, "")
    (replica,) = json.loads(result.stdout)["assignments"]
    assert (replica["node"], replica["costPerHour"]) == ("edge-2", "0.25")


def test_a_profile_as_a_cluster_holds_it_is_read_and_its_status_plays_no_part(folder: Path) -> None:
    stored = profile_document("all", {}, billing="Node", costPerHour="0.25")
    stored["metadata"] |= {"uid": "1", "generation": 1, "managedFields": []}
    stored["status"] = {"nodes": 7, "observedGeneration": 1}
    result = run_plan(folder, stored)
    assert json.loads(result.stdout)["assignments"][0]["costPerHour"] == "0.25"


def test_a_stale_profile_does_not_count_and_is_told(folder: Path) -> None:
    result = run_plan(
        folder,
        profile_document("old", {}, billing="Node", costPerHour="9", validUntil=PAST),
        profile_document("new", {"disk": "hdd"}, billing="Node", costPerHour="1", validUntil=FUTURE),
    )
    assert result.stderr == (
        "fogline: NodeProfile old: Expired: ignored since 2020-01-01T00:00:00Z; set validUntil to a later "
        "time, or delete the profile\n"
    )
    assert json.loads(result.stdout)["assignments"][0]["costPerHour"] == "0"


def test_profiles_that_tie_and_those_without_a_node_are_told(folder: Path) -> None:
    result = run_plan(
        folder,
        profile_document("b", {"disk": "ssd"}, costPerHour="2"),
        profile_document("a", {"rack": "r1"}, costPerHour="1"),
        profile_document("c", {"disk": "tape"}, costPerHour="1"),
    )
    told = result.stderr.splitlines()
    assert [line.split(":")[1:3] for line in told] == [
        [" NodeProfile a", " Conflicting"],
        [" NodeProfile b", " Conflicting"],
        [" NodeProfile c", " NoNodes"],
    ]
    assert "costPerHour of node edge-1 is 1 in profile a and 2 in b" in told[0]


def test_a_mistake_in_a_profile_is_told_with_file_line_and_field(folder: Path) -> None:
    (folder / "profile.yaml").write_text(
        "apiVersion: fogline.dev/v1alpha1\nkind: NodeProfile\nmetadata: {name: p}\n"
        'spec:\n  nodeSelector: {}\n  capacityShare: "80"\n'
    )
    result = CliRunner().invoke(main, ["plan", "-f", "profile.yaml"])
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "fogline: profile.yaml:6: spec.capacityShare: must be above 0 and at most 1"
    )


def test_two_profiles_of_one_name_are_refused(folder: Path) -> None:
    one = profile_document("p", {}, costPerHour="1")
    result = run_plan(folder, one, one)
    assert result.exit_code == 2
    assert "NodeProfile p is there already" in result.stderr
