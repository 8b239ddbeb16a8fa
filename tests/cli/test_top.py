"""``fogline top``: what replicas cost, hold and reach, in all and by tier, site and model."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from dev import libyaml
from dev.instances import documents, settled
from tests.support.plan_files import MODEL, NODES, POD

from fogline.cli import main
from fogline.cli.collected import measured_lines
from fogline.cli.output import laid_out
from fogline.collector.answer import Answered

EDGE = (
    NODES.replace("cloud-1", "edge-1")
    .replace("Cloud", "Edge")
    .replace('"40"', '"5"')
    .replace("  labels:\n", "  labels:\n    topology.kubernetes.io/zone: plant\n")
)
ON_EDGE = POD.replace("r-1", "r-2").replace("nodeName: cloud-1", "nodeName: edge-1")
OTHERS = POD.replace("r-1", "log-1").replace(
    "fogline.dev/model: digits, fogline.dev/variant: cloud", "app: log"
)


def top(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["top", *arguments])


def measured(*arguments: str) -> Any:
    result = top("-f", "nodes.yaml", "-f", "models.yaml", *arguments, "-o", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


@pytest.fixture
def cluster(files: Path) -> None:
    """Two nodes, one replica on each, and a pod of other people."""
    (files / "nodes.yaml").write_text(f"{NODES}---\n{EDGE}---\n{POD}---\n{ON_EDGE}---\n{OTHERS}")
    (files / "models.yaml").write_text(MODEL + "  placement: {latency: {targetMilliseconds: 20}}\n")


@pytest.mark.usefixtures("cluster")
def test_cost_use_and_latency_are_given_for_each_tier_site_and_model() -> None:
    found = measured()
    assert {name: part["costPerHour"] for name, part in found["tiers"].items()} == {
        "Cloud": "0.5",  # billed by Node
        "Edge": "0.25",  # billed by Share: half of its cpu
    }
    assert {name: part["replicas"] for name, part in found["sites"].items()} == {"cloud-1": 1, "plant": 1}
    assert found["models"]["shop/digits"] == {
        "nodes": 2,
        "replicas": 2,
        "costPerHour": "0.75",
        "latencyPenaltyPerHour": "0.04",
        "use": {
            "cpu": {"requestedByReplicas": 2000, "requestedByAll": 2000, "allocatable": 0},
            "memory": {"requestedByReplicas": 0, "requestedByAll": 0, "allocatable": 0},
        },
        "latencyMilliseconds": {
            "mean": 22.5,
            "worst": 40,
            "unknownReplicas": 0,
            "replicasWithTarget": 2,
            "replicasAboveTarget": 1,
        },
    }


@pytest.mark.usefixtures("cluster")
def test_pods_of_other_people_count_as_use_and_as_nothing_else() -> None:
    cloud = measured()["tiers"]["Cloud"]
    assert cloud["use"]["cpu"] == {"requestedByReplicas": 1000, "requestedByAll": 2000, "allocatable": 2000}
    assert cloud["replicas"] == 1


@pytest.mark.usefixtures("cluster")
def test_yaml_says_the_same_as_json() -> None:
    result = top("-f", "nodes.yaml", "-f", "models.yaml", "-o", "yaml")
    assert libyaml.load(result.stdout) == measured()


@pytest.mark.usefixtures("cluster")
def test_people_read_a_table_for_each() -> None:
    text = top("-f", "nodes.yaml", "-f", "models.yaml").stdout
    assert text.splitlines()[:4] == [
        "TIER   NODES  REPLICAS  COST/H       CPU  MEMORY   LATENCY    ABOVE",
        "Cloud      1         1     0.5  50/100 %   0/0 %  40/40 ms  100.0 %",
        "Edge       1         1    0.25   50/50 %   0/0 %    5/5 ms    0.0 %",
        "all        2         2    0.75   50/75 %   0/0 %  22/40 ms   50.0 %",
    ]
    assert "SITE" in text
    assert "shop/digits" in text


def test_a_replica_of_unknown_latency_misses_its_target(files: Path) -> None:
    (files / "nodes.yaml").write_text(NODES.replace('    fogline.dev/latency-ms: "40"\n', "") + f"---\n{POD}")
    (files / "models.yaml").write_text(MODEL + "  placement: {latency: {targetMilliseconds: 20}}\n")
    latency = measured()["total"]["latencyMilliseconds"]
    assert (latency["mean"], latency["unknownReplicas"], latency["replicasAboveTarget"]) == (None, 1, 1)


def test_a_large_cluster_is_cut_to_its_costliest_parts_unless_details_are_asked_for(tmp_path: Path) -> None:
    instance = settled("small")
    file = tmp_path / "dump.json"
    file.write_text(json.dumps(documents(instance)))
    short, long = (top("-f", str(file), *more).stdout for more in ((), ("--details",)))
    assert "more; --details shows all" in short
    assert "more; --details shows all" not in long
    models = json.loads(top("-f", str(file), "-o", "json").stdout)["models"]
    assert all(model in long for model in models)
    costliest = max(models, key=lambda model: float(models[model]["costPerHour"]))
    assert costliest in short
    assert sum(model in short for model in models) < len(models)


def test_without_replicas_nothing_is_spent(files: Path) -> None:
    (files / "models.yaml").write_text("")
    found = measured()
    assert (found["total"]["replicas"], found["total"]["costPerHour"], found["models"]) == (0, "0", {})


@pytest.mark.usefixtures("cluster")
def test_a_namespace_is_told_of_alone_and_pays_no_more_for_that() -> None:
    everyone, shop = measured(), measured("-n", "shop")
    assert shop == everyone
    other = measured("-n", "other")
    assert (other["total"]["replicas"], other["models"]) == (0, {})
    assert other["total"]["use"]["cpu"] == {**shop["total"]["use"]["cpu"], "requestedByReplicas": 0}


def test_one_namespace_and_all_of_them_are_not_asked_for_together() -> None:
    result = top("-f", "/dev/null", "-n", "shop", "-A")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "not both" in result.stderr


@pytest.mark.usefixtures("files")
def test_what_is_measured_is_told_by_a_live_cluster_alone() -> None:
    result = top("-f", "nodes.yaml", "--measured")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "leave -f out" in result.stderr


FIGURES = {
    "replicas": 2,
    "seconds": 300,
    "requests": 600,
    "failed": 6,
    "throughputPerSecond": 2.0,
    "errorRate": 0.01,
    "latencyMilliseconds": {"mean": 4, "p50": 3, "p90": 8, "p99": 12.34},
    "cpu": {"used": 0.5, "requested": 2, "ofRequested": 0.25},
    "memory": {"requested": 0},
    "costPer1000Requests": "0.05",
}
TOLD = {
    "schema": "fogline.dev/figures/v1",
    "time": "2030-01-01T00:00:00Z",
    "windowSeconds": 300,
    "coveredSeconds": 120,
    "pods": {
        "known": 3,
        "answering": 2,
        "leftOut": 0,
        "troubles": [
            {"namespace": "shop", "pod": "p", "node": "n", "reason": "TooSlow", "message": "not there"}
        ],
    },
    "total": FIGURES,
    "tiers": {"Cloud": FIGURES},
    "sites": {"z": FIGURES},
    "nodes": {},
    "models": {"shop/digits": FIGURES, "other/model": FIGURES},
    "revisions": [],
    "aFieldOfALaterVersion": 1,
}


def test_measured_figures_are_shown_by_tier_site_and_model_with_pods_that_do_not_answer() -> None:
    found = list(laid_out(measured_lines(msgspec.convert(TOLD, Answered), "shop", None), is_wide=True))
    cells = {line.split()[0]: line.split()[1:] for line in found if line}
    assert cells["shop/digits"] == ["2.00", "1.0", "%", "3.0", "ms", "12.3", "ms", "25.0", "%", "-", "0.05"]
    assert cells["Cloud"] == cells["all"] == cells["z"] == cells["shop/digits"]
    assert "other/model" not in cells
    assert "measured over 120 s in 2 of 3 model servers" in found
    assert "shop/p on n: TooSlow: not there" in found
