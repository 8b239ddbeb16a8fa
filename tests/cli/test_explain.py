"""``fogline explain`` on files: what a replica counts for in its parts, and why it is not elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from dev import libyaml
from tests.support.plan_files import MODEL, NODES, POD

from fogline.cli import main

DEAR_AND_FAR = NODES.replace("cloud-1", "cloud-2").replace('"0.50"', '"0.80"').replace('"40"', '"70"')
CLOSED = "spec: {unschedulable: true}\n"
CORDONED = NODES.replace("cloud-1", "cloud-3").replace('cpu: "2"', "cpu: 500m") + CLOSED
TARGET = "  placement: {latency: {targetMilliseconds: 20}}\n"


def run_explain(*arguments: str) -> Result:
    return CliRunner().invoke(
        main, ["explain", *arguments, "-n", "shop", "-f", "nodes.yaml", "-f", "models.yaml"]
    )


def explained(*arguments: str) -> Any:
    result = run_explain("digits", *arguments, "-o", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


@pytest.fixture
def one_in_place(files: Path) -> None:
    """Offer three nodes, the replica of the model is on the first."""
    (files / "nodes.yaml").write_text(f"{NODES}---\n{DEAR_AND_FAR}---\n{CORDONED}---\n{POD}")
    (files / "models.yaml").write_text(MODEL.replace("replicas: 2", "replicas: 1") + TARGET)


@pytest.mark.usefixtures("one_in_place")
def test_a_replica_is_told_with_the_parts_of_what_it_counts_for() -> None:
    (replica,) = explained()["replicas"]
    assert (replica["pod"], replica["node"], replica["costPerHour"]) == ("r-1", "cloud-1", "0.5")
    assert replica["here"] == {
        "node": "cloud-1",
        "variant": "cloud",
        "costPerHour": "0.5",
        "latencyPenaltyPerHour": "0.04",
        "latencyMilliseconds": 40,
    }
    assert "r-1 on cloud-1 counts 0.5 + 0.04 for latency an hour" in run_explain("digits").stdout


@pytest.mark.usefixtures("one_in_place")
def test_few_nodes_are_judged_one_by_one_with_all_that_is_in_the_way() -> None:
    other, refused = explained()["replicas"][0]["otherNodes"]
    assert (other["node"], other["offer"]["costPerHour"], other["rejections"]) == ("cloud-2", "0.8", [])
    assert refused["node"] == "cloud-3"
    assert [one["reason"] for one in refused["rejections"]] == ["NodeCordoned", "InsufficientResource"]


@pytest.mark.usefixtures("one_in_place")
def test_people_read_each_node_with_its_reasons() -> None:
    assert run_explain("digits").stdout.splitlines()[-5:] == [
        "r-1 on cloud-1 counts 0.5 + 0.04 for latency an hour",
        "  cloud-2 costs 0.8 + 0.1 for latency an hour, cloud-1 0.5 + 0.04 for latency",
        "  cloud-2  would count 0.8 + 0.1 for latency an hour, latency 70 ms",
        "  cloud-3  NodeCordoned: is cordoned",
        "           InsufficientResource: needs 1000m cpu, has 500m free",
    ]


@pytest.mark.usefixtures("one_in_place")
def test_a_node_that_would_do_is_set_against_the_one_that_it_is_on() -> None:
    assert run_explain("digits", "--why-not", "cloud-2").stdout.splitlines()[-4:] == [
        "  NODE     COST/H  PENALTY/H  COUNTS  LATENCY",
        "  cloud-1     0.5       0.04    0.54    40 ms",
        "  cloud-2     0.8        0.1     0.9    70 ms",
        "  cloud-2 would be chosen if it counted more than 0.36 an hour less",
    ]


@pytest.mark.usefixtures("one_in_place")
def test_a_node_that_is_refused_is_told_with_everything_that_would_have_to_change() -> None:
    why_not = explained("--why-not", "cloud-3")["replicas"][0]["whyNot"]
    assert [(one["reason"], one["needs"], one["has"]) for one in why_not["rejections"]] == [
        ("NodeCordoned", None, None),
        ("InsufficientResource", 1000, 500),
    ]
    assert why_not["message"] == ("cloud-3 would do if it were not cordoned and with 500m more free cpu")


@pytest.mark.usefixtures("one_in_place")
def test_a_refused_node_that_counts_for_more_is_told_so() -> None:
    # nothing but money would keep it from being chosen once it is open
    nodes = Path("nodes.yaml")
    dear = DEAR_AND_FAR.replace("cloud-2", "cloud-4") + CLOSED
    nodes.write_text(f"{nodes.read_text()}---\n{dear}")
    message = explained("--why-not", "cloud-4")["replicas"][0]["whyNot"]["message"]
    assert message == "cloud-4 would do if it were not cordoned; it would still count 0.36 an hour more"


@pytest.mark.usefixtures("one_in_place")
def test_the_node_that_a_replica_is_on_is_not_set_against_itself() -> None:
    assert "whyNot" not in explained("--why-not", "cloud-1")["replicas"][0]


def test_a_better_node_is_told_although_replicas_stay_where_they_are(files: Path) -> None:
    cheap = NODES.replace("cloud-1", "cloud-2").replace("0.50", "0.25")
    (files / "nodes.yaml").write_text(f"{NODES}---\n{cheap}---\n{POD}")
    (files / "models.yaml").write_text(MODEL.replace("replicas: 2", "replicas: 1"))
    assert "cloud-2 would be chosen now: it counts 0.25 an hour" in run_explain("digits").stdout
    assert explained("--why-not", "cloud-2")["replicas"][0]["whyNot"]["message"] == (
        "cloud-2 would be chosen now"
    )


@pytest.mark.usefixtures("files")
def test_replicas_without_a_node_are_told_with_what_would_help() -> None:
    Path("models.yaml").write_text(MODEL.replace("replicas: 2", "replicas: 5"))
    result = run_explain("digits", "--why-not", "cloud-1", "-o", "json")
    assert result.exit_code == 1
    (missing,) = json.loads(result.stdout)["unplaceable"]
    assert missing["replicas"] == 3
    assert missing["counterfactual"] == "cloud-1 would be chosen with 1000m more free cpu"
    assert missing["whyNot"]["message"] == "cloud-1 would do with 1000m more free cpu"


@pytest.mark.usefixtures("files")
def test_one_more_replica_is_judged_where_there_is_none() -> None:
    Path("models.yaml").write_text(MODEL.replace("replicas: 2", "replicas: 0"))
    found = explained("--why-not", "cloud-1")
    assert (found["replicas"], found["unplaceable"]) == ([], [])
    assert [one["whyNot"]["message"] for one in found["oneMore"]] == ["cloud-1 would be chosen now"]
    assert "one more replica:" in run_explain("digits", "--why-not", "cloud-1").stdout


def test_a_replica_whose_variant_left_the_spec_has_no_price(files: Path) -> None:
    (files / "nodes.yaml").write_text(f"{NODES}---\n{POD.replace('variant: cloud', 'variant: old')}")
    (files / "models.yaml").write_text(MODEL.replace("replicas: 2", "replicas: 1"))
    assert explained()["replicas"][0]["here"] is None
    assert "r-1 on cloud-1: variant old is no more in the spec" in run_explain("digits").stdout


@pytest.mark.usefixtures("one_in_place")
def test_yaml_says_the_same_as_json() -> None:
    assert libyaml.load(run_explain("digits", "-o", "yaml").stdout) == explained()


@pytest.mark.usefixtures("one_in_place")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["digit"],
            "there is no ModelDeployment digit in namespace shop; the closest name is digits",
        ),
        (["digits", "--why-not", "cloud-9"], "there is no node cloud-9; the closest name is cloud-"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(arguments: list[str], message: str) -> None:
    result = run_explain(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"fogline: {message}")
