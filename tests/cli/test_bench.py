"""``fogline bench`` up to the cluster: inputs, places, targets, the Job that sends, and the result."""

import base64
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from tests.support.plan_files import MODEL, NODES, POD
from tests.support.pod_security import violations
from tests.support.runs import RUN, outcome

from fogline.api import ModelDeployment
from fogline.cli import main, sources
from fogline.cli.benching.client_job import MOST_BYTES, client_files, client_job
from fogline.cli.benching.inputs import Asking, Reading, bodies, read_inputs
from fogline.cli.benching.result import Measured, Thresholds, accuracy, agreements, document, lines
from fogline.cli.benching.situation import LOCAL, Place, Target, place, serving, targets
from fogline.cli.inventory import Inventory, take_inventory
from fogline.cli.output import laid_out
from fogline.config import Settings
from fogline.errors import BadInputError
from fogline.load.job import GRPC, REST, Job, pack
from fogline_model_server import messages
from fogline_model_server.tensors import to_array

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
EDGE_NODE = (
    NODES.replace("cloud-1", "edge-1")
    .replace("Cloud", "Edge")
    .replace("  labels:\n", "  labels:\n    topology.kubernetes.io/zone: plant-a\n")
)


def npz(folder: Path, **arrays: Any) -> Path:
    file = folder / "inputs.npz"
    np.savez(file, **arrays)
    return file


def text(folder: Path, name: str, content: str) -> Path:
    file = folder / name
    file.write_text(content)
    return file


def test_arrays_are_sent_by_their_names_in_both_protocols(tmp_path: Path) -> None:
    file = npz(tmp_path, pixels=np.array([[16, 8], [0, 4]], np.uint8), labels=np.array([3, 7]))
    inputs = read_inputs(Reading(file, "labels", "float32", 0.0625))
    assert (inputs.count, inputs.labels) == (2, (3, 7))
    asking = Asking("digits", version=2, signature="s")
    assert [json.loads(body) for body in bodies(inputs, REST, asking)] == [
        {"signature_name": "s", "instances": [[1.0, 0.5]]},
        {"signature_name": "s", "instances": [[0.0, 0.25]]},
    ]
    first, _ = (messages.PredictRequest.FromString(body) for body in bodies(inputs, GRPC, asking))
    assert to_array(first.inputs["pixels"], "pixels").tolist() == [[1.0, 0.5]]
    assert (first.model_spec.version.value, first.model_spec.signature_name) == (2, "s")


def test_several_inputs_are_sent_as_rows_with_names(tmp_path: Path) -> None:
    inputs = read_inputs(Reading(npz(tmp_path, a=np.ones((1, 2)), b=np.array(["x"]))))
    (body,) = bodies(inputs, REST, Asking("m"))
    assert json.loads(body) == {"instances": [{"a": [1.0, 1.0], "b": "x"}]}
    (sent,) = bodies(inputs, GRPC, Asking("m"))
    assert to_array(messages.PredictRequest.FromString(sent).inputs["b"], "b").tolist() == [b"x"]


def test_a_table_names_its_label_column(tmp_path: Path) -> None:
    file = text(tmp_path, "inputs.csv", "a,digit,b\n1,3,2.5\n4,7,5\n")
    inputs = read_inputs(Reading(file, "digit"))
    assert inputs.labels == (3, 7)
    assert [json.loads(body)["instances"] for body in bodies(inputs, REST, Asking("m"))] == [
        [[1.0, 2.5]],
        [[4.0, 5.0]],
    ]
    with pytest.raises(BadInputError, match="gRPC sends inputs by name"):
        bodies(inputs, GRPC, Asking("m"))


@pytest.mark.parametrize(
    ("request_text", "rows"),
    [
        ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ('{"instances": [{"x": 1, "y": 2}], "labels": [0]}', [{"x": 1, "y": 2}]),
        ('{"inputs": {"x": [[1.5], [2.5]]}}', [[1.5], [2.5]]),
    ],
)
def test_a_request_of_predict_is_taken_apart_into_rows(request_text: str, rows: Any, tmp_path: Path) -> None:
    inputs = read_inputs(Reading(text(tmp_path, "request.json", request_text)))
    sent = [json.loads(body)["instances"][0] for body in bodies(inputs, REST, Asking("m"))]
    assert [row for row in sent if "labels" not in str(row)] == rows


@pytest.mark.parametrize(
    ("name", "content", "labels", "says"),
    [
        ("a.txt", "", None, "inputs are a file .npz, .csv or .json"),
        ("absent.npz", None, None, "cannot be read"),
        ("a.npz", "no archive", None, "cannot be read"),
        ("a.csv", "a,b\n1\n", None, "row 2 has another number of cells"),
        ("a.csv", "a,b\n1,x\n", None, "could not convert"),
        ("a.csv", "a,b\n", None, "at least"),
        ("a.csv", "a,b\n1,2\n", "c", "has no c"),
        ("a.json", "{", None, "cannot be read"),
        ("a.json", '{"instances": [], "inputs": []}', None, "either instances or inputs"),
        ("a.json", "[[1], [1, 2]]", None, "cannot be read"),
        ("a.json", '{"instances": [[1]], "labels": [1, 2]}', "labels", "1 rows and labels of the shape"),
        ("a.json", "[NaN]", None, "NaN or infinity"),
        ("a.json", '[{"x": 1}, {"y": 1}]', None, "do not all name the same inputs"),
    ],
)
def test_bad_inputs_are_refused_in_words(
    name: str, content: str | None, labels: str | None, says: str, tmp_path: Path
) -> None:
    file = tmp_path / name if content is None else text(tmp_path, name, content)
    with pytest.raises(BadInputError, match=says):
        read_inputs(Reading(file, labels))


def test_inputs_of_another_type_than_any_tensor_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="complex128 cannot be sent"):
        read_inputs(Reading(npz(tmp_path, x=np.ones(2, complex))))
    with pytest.raises(BadInputError, match="cannot be sent as nonsense"):
        read_inputs(Reading(npz(tmp_path, x=np.ones(2)), dtype="nonsense"))


def ready(pod: str, node: str, address: str) -> str:
    status = f"status: {{podIP: {address}, conditions: [{{type: Ready, status: 'True'}}]}}\n"
    return POD.replace("name: r-1", f"name: {pod}").replace("nodeName: cloud-1", f"nodeName: {node}") + status


def cluster(folder: Path, *more: str, model: str = MODEL) -> tuple[Inventory, ModelDeployment]:
    """Have a cloud node and an edge node, with a Ready replica each, and one that is not Ready."""
    pods = (
        ready("r-1", "cloud-1", "10.0.0.1"),
        ready("r-2", "edge-1", "10.0.0.2"),
        POD.replace("r-1", "r-3"),
    )
    file = text(folder, "cluster.yaml", "---\n".join((NODES, EDGE_NODE, model, *pods, *more)))
    found = take_inventory(sources.read(str(file)), Settings(), NOW, print)
    return found, found.models[0]


def test_targets_are_the_service_and_its_parts_without_replicas_that_are_not_ready(tmp_path: Path) -> None:
    found, model = cluster(tmp_path)
    chosen = list(targets("digits", serving(found, model), ("tier", "site", "pod")))
    assert [(one.by, one.name, [it.pod for it in one.replicas]) for one in chosen] == [
        ("service", "digits", ["r-1", "r-2"]),
        ("tier", "Cloud", ["r-1"]),
        ("tier", "Edge", ["r-2"]),
        ("site", "cloud-1", ["r-1"]),
        ("site", "plant-a", ["r-2"]),
        ("pod", "r-1", ["r-1"]),
        ("pod", "r-2", ["r-2"]),
    ]
    assert chosen[2].tiers == ("Edge",)
    assert chosen[2].replicas[0].address == "10.0.0.2"


def test_without_a_ready_replica_there_is_nothing_to_measure(tmp_path: Path) -> None:
    file = text(tmp_path, "cluster.yaml", f"{NODES}---\n{MODEL}---\n{POD}")
    found = take_inventory(sources.read(str(file)), Settings(), NOW, print)
    with pytest.raises(BadInputError, match="no replica of shop/digits is Ready"):
        serving(found, found.models[0])


def test_a_place_is_this_machine_or_the_first_node_that_will_do(tmp_path: Path) -> None:
    second = EDGE_NODE.replace("edge-1", "edge-0") + "spec: {unschedulable: true}\n"
    found, model = cluster(tmp_path, second)
    assert place(found, model, "local").node is None
    for asked in ("node=edge-1", "site=plant-a", "tier=Edge"):
        node = place(found, model, asked).node
        assert node
        assert node.name == "edge-1"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("edge-1", "a place is local, node=NAME"),
        ("rack=1", "a place is local, node=NAME"),
        ("node=", "a place is local, node=NAME"),
        ("node=edge-9", "there is no node edge-9; the closest name is edge-"),
        ("node=edge-0", "edge-0 is cordoned"),
        ("node=edge-2", "edge-2 has the taint dedicated"),
    ],
)
def test_a_place_that_will_not_do_is_refused_with_the_reason(asked: str, says: str, tmp_path: Path) -> None:
    cordoned = EDGE_NODE.replace("edge-1", "edge-0") + "spec: {unschedulable: true}\n"
    tainted = (
        EDGE_NODE.replace("edge-1", "edge-2") + "spec: {taints: [{key: dedicated, effect: NoSchedule}]}\n"
    )
    found, model = cluster(tmp_path, cordoned, tainted)
    with pytest.raises(BadInputError, match=says):
        place(found, model, asked)


def test_inputs_go_to_no_node_that_may_not_hold_them(tmp_path: Path) -> None:
    found, model = cluster(tmp_path, model=f"{MODEL}  placement: {{dataSensitivity: Internal}}\n")
    with pytest.raises(BadInputError, match="has the clearance Public, and inputs of the model are Internal"):
        place(found, model, "node=edge-1")


def test_the_job_is_restricted_pinned_bounded_and_deleted_by_the_cluster() -> None:
    spec = client_job("shop", "fogline-bench-1", "edge-1", "image", 90.5)["spec"]
    assert violations(spec["template"]["spec"]) == []
    assert (spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"], spec["backoffLimit"]) == (
        211,
        60,
        0,
    )
    terms = spec["template"]["spec"]["affinity"]["nodeAffinity"]
    (term,) = terms["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term == {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["edge-1"]}]}


def test_the_files_of_the_job_run_without_anything_else_of_ours(tmp_path: Path) -> None:
    meta = {"metadata": {"name": "b", "namespace": "shop", "uid": "u"}}
    run = replace(RUN, seconds=0.1, warm_up_seconds=0, rate=50, addresses=("127.0.0.1:1",))
    files = client_files(meta, pack(Job({REST: [b"{}"]}, (run,))))
    assert files["metadata"]["ownerReferences"][0]["uid"] == "u"
    spec = client_job("shop", "b", "n", "image", 1)["spec"]["template"]["spec"]
    for item in spec["volumes"][0]["configMap"]["items"]:
        target = tmp_path / item["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        packed = files["binaryData"].get(item["key"])
        target.write_bytes(base64.b64decode(packed) if packed else files["data"][item["key"]].encode())
    command = [sys.executable, "-S", *spec["containers"][0]["command"][1:]]
    done = subprocess.run(
        command, cwd=tmp_path, env={}, capture_output=True, text=True, timeout=180, check=True
    )
    (found,) = json.loads(done.stdout)
    assert found["scheduled"] == found["failed"]["NotConnected"] > 0


def test_too_many_inputs_for_a_pod_are_refused() -> None:
    meta = {"metadata": {"name": "b", "namespace": "shop", "uid": "u"}}
    with pytest.raises(BadInputError, match="give fewer rows"):
        client_files(meta, bytes(MOST_BYTES + 1))


def measured(
    folder: Path, tier: str, milliseconds: list[float], named: dict[int, int], failed: int = 0
) -> Measured:
    """Make a run on the replica of a tier; answers by number of the input."""
    found, model = cluster(folder)
    (target,) = (one for one in targets("digits", serving(found, model), ("tier",)) if one.name == tier)
    came = outcome(milliseconds, tuple((number, it, 1) for number, it in named.items()), failed=failed)
    return Measured(Place(LOCAL, None), target, RUN, came, accuracy(came, (3, 7, 1)))


def test_accuracy_is_judged_by_labels_and_agreement_by_the_other_tier(tmp_path: Path) -> None:
    cloud = measured(tmp_path, "Cloud", [10.0] * 3, {0: 3, 1: 7, 2: 1})
    edge = measured(tmp_path, "Edge", [5.0] * 3, {0: 3, 1: 7, 2: 0})
    assert cloud.accuracy == 1.0
    assert edge.accuracy == pytest.approx(2 / 3)
    (pair,) = agreements([cloud, edge])
    assert (pair.inputs, pair.agree) == (3, 2)
    assert accuracy(cloud.outcome, ()) is None


def test_cost_per_thousand_requests_is_what_replicas_cost_in_that_time(tmp_path: Path) -> None:
    cloud = measured(tmp_path, "Cloud", [10.0] * 20, {})
    # 0.50 US dollars an hour are shared by two replicas on the node; 20 answers a second are 72,000 an hour
    assert cloud.target.cost_per_hour == Decimal("0.25")
    assert cloud.cost_per_1000_requests == Decimal("0.25") * 1000 / 72_000


def test_thresholds_are_missed_by_slow_wrong_and_missing_answers(tmp_path: Path) -> None:
    good = measured(tmp_path, "Cloud", [10.0] * 100, {0: 3})
    bad = measured(tmp_path, "Edge", [10.0] * 98, {0: 4}, failed=2)
    demanded = Thresholds(20, 0.9, 1)
    assert list(demanded.missed([good])) == []
    assert list(demanded.missed([bad])) == [
        "local to tier Edge by REST: p99 is none, so many got no answer, above 20 ms",
        "local to tier Edge by REST: accuracy is 0.0000, below 0.9",
        "local to tier Edge by REST: 2 requests without an answer, more than 1",
    ]
    assert list(Thresholds().missed([bad])) == []


def test_people_and_programs_read_the_same(tmp_path: Path) -> None:
    runs = [
        measured(tmp_path, "Cloud", [10.0] * 3, {0: 3, 1: 7, 2: 1}),
        measured(tmp_path, "Edge", [5.0, 6.0], {0: 3, 1: 7}, failed=1),
    ]
    told = "\n".join(laid_out(lines(runs, ["something"]), is_wide=False))
    for expected in (
        "tier Cloud",
        "1.0000",
        "1 Timeout",
        "agreement: 2 of 2",
        "a tunnel",
        "missed: something",
    ):
        assert expected in told
    found = document("shop/digits", NOW, {}, runs, ["something"])
    assert json.loads(json.dumps(found)) == found
    assert [run["to"]["name"] for run in found["runs"]] == ["Cloud", "Edge"]
    assert found["runs"][1]["failed"] == {"Timeout": 1}
    assert found["runs"][1]["quantiles"][-1] == {"share": 1.0, "milliseconds": None}
    assert found["startedAt"] == "2030-01-02T03:04:05Z"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing option '--inputs'"),
        (["--inputs", "inputs.npz"], "Missing option '--rate'"),
        (["--inputs", "inputs.npz", "--rate", "0"], "0 is not in the range"),
        (["--inputs", "absent.npz", "--rate", "5"], "absent.npz cannot be read"),
        (["--inputs", "inputs.npz", "--rate", "5", "--min-accuracy", "0.9"], "name them with --labels"),
    ],
)
def test_bad_options_end_with_two_before_anything_is_sent(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    npz(tmp_path, x=np.ones((2, 2)))
    result = CliRunner().invoke(main, ["bench", "digits", *arguments])
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_target_costs_what_its_replicas_cost(tmp_path: Path) -> None:
    found, model = cluster(tmp_path)
    whole = Target("service", "digits", serving(found, model))
    assert whole.tiers == ("Cloud", "Edge")
    assert whole.cost_per_hour > Decimal("0.25")
