"""What if: the difference that a change makes to a plan."""

import json
from pathlib import Path
from typing import Any

import pytest
from dev import libyaml
from tests.support.plan_files import CHEAP_NODE, MODEL, NODES, POD, run_plan

FILES = ("-f", "nodes.yaml", "-f", "models.yaml")


def difference(*arguments: str, exit_code: int = 0) -> Any:
    result = run_plan(*FILES, *arguments, "-o", "json")
    assert (result.exit_code, result.stderr) == (exit_code, "")
    return json.loads(result.stdout)["difference"]


def told(*arguments: str) -> str:
    return run_plan(*FILES, *arguments).stdout


@pytest.fixture
def two_nodes(files: Path) -> None:
    """Offer a second node; both replicas of the model are in place on the first."""
    pods = "---\n".join([POD, POD.replace("r-1", "r-2")])
    (files / "nodes.yaml").write_text("---\n".join([NODES, NODES.replace("cloud-1", "cloud-2"), pods]))


@pytest.mark.usefixtures("two_nodes")
def test_replicas_of_a_node_that_is_taken_away_are_decided_anew() -> None:
    found = difference("--without-node", "cloud-1")
    assert found["moves"] == [
        {
            "model": "shop/digits",
            "clientSite": None,
            "replicas": 2,
            "from": "cloud-1",
            "fromVariant": "cloud",
            "to": "cloud-2",
            "toVariant": "cloud",
        }
    ]
    assert (found["gained"], found["lost"], found["newlyUnplaceable"]) == ([], [], [])


@pytest.mark.usefixtures("files")
def test_replicas_that_would_be_left_without_a_node_are_told_with_the_reason() -> None:
    found = difference("--without-node", "cloud-1", exit_code=1)
    assert [(one["replicas"], one["from"], one["to"]) for one in found["lost"]] == [(2, "cloud-1", None)]
    (unplaceable,) = found["newlyUnplaceable"]
    assert (unplaceable["model"], unplaceable["replicas"]) == ("shop/digits", 2)
    assert [found[when]["replicasWithoutNode"] for when in ("before", "after")] == [0, 2]
    assert "2 replicas would lose their node:\n  shop/digits  2  cloud-1" in told("--without-node", "cloud-1")


@pytest.mark.usefixtures("two_nodes")
def test_two_nodes_may_be_taken_away() -> None:
    found = difference("--without-node", "cloud-1", "--without-node", "cloud-2", exit_code=1)
    assert found["after"]["replicas"] == 0


def test_a_price_changes_where_new_replicas_go(files: Path) -> None:
    (files / "nodes.yaml").write_text(f"{NODES}---\n{CHEAP_NODE}")
    found = difference("--cost", "cloud-2=0.60")
    assert [(one["from"], one["to"]) for one in found["moves"]] == [("cloud-2", "cloud-1")]
    assert [found[when]["costPerHour"] for when in ("before", "after")] == ["0.25", "0.5"]


@pytest.mark.usefixtures("two_nodes")
def test_a_price_moves_replicas_in_place_only_in_an_optimised_plan() -> None:
    assert difference("--cost", "cloud-2=0.01")["moves"] == []
    (move,) = difference("--cost", "cloud-2=0.01", "--optimise")["moves"]
    assert (move["from"], move["to"], move["replicas"]) == ("cloud-1", "cloud-2", 2)


LATENCY_RULES = """\
  placement:
    clients: [{site: plant-a}]
    latency: {targetMilliseconds: 20}
"""


def test_latency_from_a_client_site_is_changed_for_all_nodes_of_a_site(files: Path) -> None:
    (files / "models.yaml").write_text(MODEL + LATENCY_RULES)
    zone = "    topology.kubernetes.io/zone: east\n"
    (files / "nodes.yaml").write_text(NODES.replace("  labels:\n", f"  labels:\n{zone}"))
    found = difference("--latency", "east/plant-a=10")
    before, after = (found[when]["latencyMilliseconds"] for when in ("before", "after"))
    assert before == {"mean": 40, "worst": 40, "replicasAboveTarget": 2}
    assert after == {"mean": 10, "worst": 10, "replicasAboveTarget": 0}
    assert [found[when]["countedCostPerHour"] for when in ("before", "after")] == ["0.58", "0.5"]


@pytest.mark.usefixtures("files")
def test_latency_from_clients_in_general_is_changed_without_a_client_site() -> None:
    found = difference("--latency", "cloud-1=7")
    assert [found[when]["latencyMilliseconds"]["worst"] for when in ("before", "after")] == [40, 7]


def test_added_models_come_last_and_added_nodes_count(files: Path) -> None:
    (files / "more.yaml").write_text(f"{MODEL.replace('name: digits', 'name: faces')}---\n{CHEAP_NODE}")
    found = difference("--add", "more.yaml")
    assert found["moves"] == [
        {
            "model": "shop/digits",
            "clientSite": None,
            "replicas": 2,
            "from": "cloud-1",
            "fromVariant": "cloud",
            "to": "cloud-2",
            "toVariant": "cloud",
        }
    ]
    assert [(one["model"], one["to"], one["replicas"]) for one in found["gained"]] == [
        ("shop/faces", "cloud-1", 2)
    ]


def test_an_added_model_takes_the_place_of_the_one_of_its_name(files: Path) -> None:
    (files / "more.yaml").write_text(MODEL.replace("replicas: 2", "replicas: 1"))
    found = difference("--add", "more.yaml")
    assert [(one["model"], one["from"], one["replicas"]) for one in found["lost"]] == [
        ("shop/digits", "cloud-1", 1)
    ]
    assert found["newlyUnplaceable"] == []


def test_a_new_model_does_not_go_before_those_that_exist(files: Path) -> None:
    created = MODEL.replace("namespace: shop", "namespace: shop, creationTimestamp: 2025-01-01T00:00:00Z")
    (files / "models.yaml").write_text(created)
    (files / "more.yaml").write_text(MODEL.replace("name: digits", "name: a-new-one"))
    found = difference("--add", "more.yaml", exit_code=1)
    assert [one["model"] for one in found["newlyUnplaceable"]] == ["shop/a-new-one"]
    assert (found["moves"], found["lost"]) == ([], [])


def test_an_added_node_has_the_facts_of_the_profiles_that_are_there(files: Path) -> None:
    profile = (
        "apiVersion: fogline.dev/v1alpha1\nkind: NodeProfile\nmetadata: {name: cheap}\n"
        "spec: {nodeSelector: {fogline.dev/tier: Cloud}, costPerHour: '0.10'}\n"
    )
    (files / "nodes.yaml").write_text(f"{NODES}---\n{profile}")
    (files / "more.yaml").write_text(f"{NODES.replace('cloud-1', 'cloud-0')}")
    found = difference("--add", "more.yaml")
    assert [found[when]["costPerHour"] for when in ("before", "after")] == ["0.1", "0.1"]


@pytest.mark.usefixtures("files")
def test_the_plan_with_the_change_comes_along() -> None:
    result = run_plan(*FILES, "--cost", "cloud-1=0.75", "-o", "yaml")
    assert libyaml.load(result.stdout)["plan"]["costPerHour"] == "0.75"


@pytest.mark.usefixtures("two_nodes")
def test_people_read_moves_by_model_and_sums_before_and_after() -> None:
    assert told("--without-node", "cloud-1").splitlines() == [
        "2 replicas would change node:",
        "  shop/digits  2  cloud-1 -> cloud-2",
        "",
        "                          BEFORE  AFTER",
        "replicas with a node           2      2",
        "replicas without               0      0",
        "US dollars an hour           0.5    0.5",
        "counted with latency         0.5    0.5",
        "mean latency, ms            40.0   40.0",
        "worst latency, ms             40     40",
        "above the latency target       0      0",
    ]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--without-node", "cloud-11"], "there is no node cloud-11; the closest name is cloud-1"),
        (["--cost", "clod-1=1"], "there is no node clod-1; the closest name is cloud-1"),
        (["--latency", "cloud=1"], "there is no site cloud; the closest name is cloud-1"),
        (
            ["--latency", "cloud-1/plant-a=1"],
            "there is no client site plant-a; there is no client site at all",
        ),
        (["--cost", "cloud-1"], "--cost: 'cloud-1' says nothing of the form NAME=VALUE"),
        (["--cost", "cloud-1=cheap"], "--cost: cloud-1: 'cheap' is no amount of US dollars"),
        (["--latency", "cloud-1=-5"], "--latency: cloud-1: '-5' is no number of milliseconds"),
        (["--add", "missing.yaml"], "missing.yaml: cannot be read: No such file or directory"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(arguments: list[str], message: str) -> None:
    result = run_plan(*FILES, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"fogline: {message}")


def test_pods_and_profiles_cannot_be_added(files: Path) -> None:
    (files / "more.yaml").write_text(POD)
    result = run_plan(*FILES, "--add", "more.yaml")
    assert result.exit_code == 2
    assert result.stderr == "fogline: Pod r-1 cannot be added: only ModelDeployments and Nodes can\n"
