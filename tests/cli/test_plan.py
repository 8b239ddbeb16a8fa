"""``fogline plan``: what goes in, what comes out, and what a mistake in a file is told as."""

import json
from pathlib import Path

import pytest
import yaml
from dev import libyaml
from tests.support.plan_files import MODEL, NODES, POD, planned, run_plan


def complaint(text: str, files: Path) -> str:
    """Plan a broken models.yaml and give what is said about it."""
    (files / "models.yaml").write_text(text)
    result = run_plan("-f", "nodes.yaml", "-f", "models.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr


@pytest.mark.usefixtures("files")
def test_assignments_name_model_variant_node_cost_and_latency() -> None:
    found = planned("-f", "nodes.yaml", "-f", "models.yaml")
    common = {"model": "shop/digits", "variant": "cloud", "node": "cloud-1", "clientSite": None}
    assert found["assignments"] == [
        {**common, "costPerHour": "0.25", "latencyMilliseconds": 40, "inPlace": False},
        {**common, "costPerHour": "0.25", "latencyMilliseconds": 40, "inPlace": False},
    ]
    assert found["unplaceable"] == []
    assert found["costPerHour"] == "0.5"


def test_what_cannot_be_placed_is_counted_by_reason_and_the_exit_code_is_1(files: Path) -> None:
    (files / "models.yaml").write_text(MODEL.replace("replicas: 2", "replicas: 5"))
    result = run_plan("-f", "nodes.yaml", "-f", "models.yaml", "-o", "json")
    assert result.exit_code == 1
    (answer,) = json.loads(result.stdout)["unplaceable"]
    assert (answer["model"], answer["variant"], answer["replicas"]) == ("shop/digits", "cloud", 3)
    assert answer["refused"] == [
        {
            "reason": "InsufficientResource",
            "nodes": 1,
            "example": {
                "node": "cloud-1",
                "reason": "InsufficientResource",
                "message": "needs 1000m cpu, has 0m free",
                "subject": "cpu",
                "needs": 1000,
                "has": 0,
            },
        }
    ]
    assert answer["counterfactual"] == "cloud-1 would be chosen with 1000m more free cpu"


@pytest.mark.usefixtures("files")
def test_the_exit_code_is_0_when_every_replica_has_a_node() -> None:
    assert run_plan("-f", "nodes.yaml", "-f", "models.yaml").exit_code == 0


@pytest.mark.usefixtures("files")
def test_yaml_output_says_the_same_as_json() -> None:
    result = run_plan("-f", "nodes.yaml", "-f", "models.yaml", "-o", "yaml")
    assert libyaml.load(result.stdout) == planned("-f", "nodes.yaml", "-f", "models.yaml")


@pytest.mark.usefixtures("files")
def test_documents_may_come_from_standard_input() -> None:
    alone = planned("-f", "nodes.yaml", "-f", "models.yaml")
    assert planned("-f", "-", "-f", "models.yaml", stdin=NODES) == alone
    assert planned("-f", "-", stdin=f"{NODES}---\n{MODEL}---\n") == alone


@pytest.mark.usefixtures("files")
def test_lists_and_json_say_the_same_as_separate_documents() -> None:
    items = [libyaml.load(text) for text in (NODES, MODEL)]
    mixed = {"apiVersion": "v1", "kind": "List", "items": items}
    without_kind = {key: value for key, value in items[0].items() if key != "kind"}
    typed = {"apiVersion": "v1", "kind": "NodeList", "items": [without_kind]}  # as the API server sends it
    alone = planned("-f", "nodes.yaml", "-f", "models.yaml")
    assert planned("-f", "-", stdin=json.dumps(mixed, indent=1)) == alone
    assert planned("-f", "-", stdin=yaml.safe_dump(mixed)) == alone
    assert planned("-f", "-", "-f", "models.yaml", stdin=json.dumps(typed)) == alone


@pytest.mark.usefixtures("files")
def test_bound_pods_of_a_model_are_replicas_in_place() -> None:
    found = planned("-f", "nodes.yaml", "-f", "models.yaml", "-f", "-", stdin=POD)
    assert [one["inPlace"] for one in found["assignments"]] == [True, False]
    assert [one["costPerHour"] for one in found["assignments"]] == ["0.25", "0.25"]


@pytest.mark.usefixtures("files")
def test_other_bound_pods_only_take_room() -> None:
    other = POD.replace("fogline.dev/model", "app")
    result = run_plan("-f", "nodes.yaml", "-f", "models.yaml", "-f", "-", stdin=other)
    assert result.exit_code == 1


@pytest.mark.usefixtures("files")
def test_pods_without_a_node_and_ended_pods_take_no_room() -> None:
    waiting = POD.replace("  nodeName: cloud-1\n", "")
    ended = POD.replace("r-1", "r-2") + "status: {phase: Succeeded}\n"
    found = planned("-f", "nodes.yaml", "-f", "models.yaml", "-f", "-", stdin=f"{waiting}---\n{ended}")
    assert [one["inPlace"] for one in found["assignments"]] == [False, False]


def test_a_suspended_model_is_told_apart_from_one_that_is_placed(files: Path) -> None:
    (files / "models.yaml").write_text(MODEL.replace("replicas: 2", "suspend: true"))
    found = planned("-f", "nodes.yaml", "-f", "models.yaml")
    assert (found["suspended"], found["assignments"], found["unplaceable"]) == (["shop/digits"], [], [])
    result = run_plan("-f", "nodes.yaml", "-f", "models.yaml")
    assert result.stdout.startswith("shop/digits: is suspended, so nothing is placed or moved\n")


def test_a_hand_written_node_needs_no_conditions_and_no_number_of_pods(files: Path) -> None:
    (files / "nodes.yaml").write_text(NODES.replace(', pods: "110"', ""))
    assert run_plan("-f", "nodes.yaml", "-f", "models.yaml").exit_code == 0


def test_quantities_may_be_plain_numbers(files: Path) -> None:
    (files / "nodes.yaml").write_text(NODES.replace('cpu: "2"', "cpu: 2"))
    assert run_plan("-f", "nodes.yaml", "-f", "models.yaml").exit_code == 0


def test_the_region_label_is_the_operators_setting(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (files / "models.yaml").write_text(f"{MODEL}  placement: {{allowedRegions: [eu]}}\n")
    (files / "nodes.yaml").write_text(NODES.replace("  labels:\n", "  labels:\n    example.com/region: eu\n"))
    assert run_plan("-f", "nodes.yaml", "-f", "models.yaml").exit_code == 1
    monkeypatch.setenv("FOGLINE_REGION_LABEL", "example.com/region")
    assert run_plan("-f", "nodes.yaml", "-f", "models.yaml").exit_code == 0


def test_the_accelerator_label_is_the_operators_setting(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (files / "models.yaml").write_text(MODEL + "    acceleratorTypes: [H100]\n")
    (files / "nodes.yaml").write_text(NODES.replace("  labels:\n", "  labels:\n    example.com/gpu: H100\n"))
    result = run_plan("-f", "nodes.yaml", "-f", "models.yaml")
    assert (result.exit_code, "needs accelerator H100, has none" in result.stdout) == (1, True)
    monkeypatch.setenv("FOGLINE_ACCELERATOR_LABEL", "example.com/gpu")
    assert run_plan("-f", "nodes.yaml", "-f", "models.yaml").exit_code == 0


@pytest.mark.usefixtures("files")
def test_kinds_without_use_are_ignored_and_counted() -> None:
    others = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n" * 2
    result = run_plan("-f", "nodes.yaml", "-f", "models.yaml", "-f", "-", stdin=others)
    assert result.exit_code == 0
    assert result.stderr == (
        "fogline: standard input: ignored 2 Deployment: a plan is made from Node, NodeProfile, Pod and "
        "ModelDeployment\n"
    )


@pytest.mark.usefixtures("files")
def test_a_namesake_of_another_api_group_is_ignored() -> None:
    other = "apiVersion: example.com/v1\nkind: Node\nmetadata: {name: cloud-1}\n"
    result = run_plan("-f", "nodes.yaml", "-f", "models.yaml", "-f", "-", stdin=other)
    assert (result.exit_code, "ignored 1 Node of example.com/v1" in result.stderr) == (0, True)


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        (
            "fogline.dev/tier: Cloud",
            "fogline.dev/tier: cloud",
            "label fogline.dev/tier counts as absent on cloud-1: 'cloud' is none of Cloud, Edge",
        ),
        (
            '"0.50"',
            "cheap",
            "label fogline.dev/cost-per-hour counts as absent on cloud-1: 'cheap' is no amount of US dollars",
        ),
        (
            '"0.50"',
            '"200000"',
            "label fogline.dev/cost-per-hour counts as absent on cloud-1: '200000' is above 100000 US",
        ),
        (
            'latency-ms: "40"',
            "latency-ms: 40ms",
            "label fogline.dev/latency-ms counts as absent on cloud-1: '40ms' is",
        ),
    ],
)
def test_a_label_that_cannot_be_used_is_told(files: Path, before: str, after: str, complaint: str) -> None:
    twin = NODES.replace("name: cloud-1", "name: cloud-2")
    (files / "nodes.yaml").write_text(f"{NODES.replace(before, after)}---\n{twin}")
    result = run_plan("-f", "nodes.yaml", "-f", "models.yaml")
    assert result.exit_code == 0
    assert result.stderr.startswith(f"fogline: {complaint}")


def test_the_same_useless_label_on_many_nodes_is_told_once(files: Path) -> None:
    bad = NODES.replace("fogline.dev/tier: Cloud", "fogline.dev/tier: cloud")
    (files / "nodes.yaml").write_text(f"{bad}---\n{bad.replace('cloud-1', 'cloud-2')}")
    result = run_plan("-f", "nodes.yaml", "-f", "models.yaml")
    assert result.stderr.count("\n") == 1
    assert "on 2 nodes, such as cloud-1" in result.stderr


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("replicas: 2", "replicas: 2000", "models.yaml:5: spec.replicas: Expected `int` <= 1000"),
        ("replicas: 2", "replica: 2", "models.yaml:5: spec.replica: is no field"),
        ("tier: Cloud", "tier: Fog", "models.yaml:8: spec.variants[0].tier: 'Fog' is unknown"),
        ("    tier: Cloud\n", "", "models.yaml:7: spec.variants[0].tier: is required"),
        ("kind: ModelDeployment\n", "", "models.yaml:1: kind: is required"),
        (
            "  replicas: 2",
            "  replicas: 2\n  replicas: 3",
            "models.yaml:6: is no valid YAML: the key 'replicas' is",
        ),
        ("  replicas: 2", "  replicas: [2", "models.yaml:6: is no valid YAML"),
        ("  replicas: 2", "\treplicas: 2", "models.yaml:5: is no valid YAML"),
        (
            "spec:\n",
            "spec:\n  placement:\n    edge: {minReplicas: 1}\n",
            "models.yaml:6: spec.placement.edge.minReplicas: edge.minReplicas needs a variant",
        ),
        (
            "spec:\n",
            "spec:\n  placement:\n    latency:\n      targetMilliseconds: 9\n      maxMilliseconds: 5\n",
            "models.yaml:7: spec.placement.latency.targetMilliseconds: targetMilliseconds must not exceed",
        ),
    ],
)
def test_a_mistake_is_told_with_file_line_and_field(
    files: Path, before: str, after: str, message: str
) -> None:
    assert before in MODEL
    assert complaint(MODEL.replace(before, after), files).startswith(f"fogline: {message}")


def test_the_line_is_right_in_a_later_document_and_in_a_list(files: Path) -> None:
    broken = MODEL.replace("replicas: 2", "replicas: x")
    assert complaint(f"# first\n---\n{POD}---\n{broken}", files).startswith(
        "fogline: models.yaml:17: spec.replicas:"
    )
    listed = json.dumps({"kind": "List", "items": [libyaml.load(POD), libyaml.load(broken)]}, indent=1)
    line = next(number for number, text in enumerate(listed.splitlines(), 1) if '"replicas"' in text)
    assert complaint(listed, files).startswith(f"fogline: models.yaml:{line}: items[1].spec.replicas:")


def test_a_mistake_in_json_is_told_with_its_line_too(files: Path) -> None:
    good = json.dumps(libyaml.load(MODEL), indent=1)
    assert complaint(good.replace('"spec": {', '"spec": {,'), files).startswith(
        "fogline: models.yaml:8: is no valid"
    )
    twice = good.replace('"replicas": 2,', '"replicas": 2,\n"replicas": 3,')
    assert (
        complaint(twice, files)
        == "fogline: models.yaml:10: is no valid YAML: the key 'replicas' is there twice\n"
    )


def test_a_label_that_is_no_text_is_named(files: Path) -> None:
    (files / "nodes.yaml").write_text(NODES.replace('"0.50"', "0.50"))
    result = run_plan("-f", "nodes.yaml", "-f", "models.yaml")
    assert result.exit_code == 2
    assert result.stderr == (
        'fogline: nodes.yaml:7: metadata.labels.fogline.dev/cost-per-hour: must be text, write "0.5"\n'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            NODES.replace("  name: cloud-1\n", ""),
            "nodes.yaml:3: metadata: Object missing required field `name`",
        ),
        (NODES.replace("8Gi", "8GiB"), "nodes.yaml:10: status.allocatable: '8GiB' is no quantity"),
        (NODES + "spec: []\n", "nodes.yaml:11: spec: Expected `object`, got `array`"),
        ("just text", "nodes.yaml:1: must be a Kubernetes object"),
        (
            f"{NODES}---\n{NODES}",
            "nodes.yaml:15: metadata.name: Node cloud-1 is there already, see nodes.yaml:1",
        ),
    ],
)
def test_a_broken_node_is_told_with_file_line_and_field(files: Path, text: str, message: str) -> None:
    (files / "nodes.yaml").write_text(text)
    result = run_plan("-f", "nodes.yaml", "-f", "models.yaml")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"fogline: {message}")


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-f", "missing.yaml"], "fogline: missing.yaml: cannot be read: No such file or directory\n"),
        (
            ["-f", "nodes.yaml"],
            "fogline: there is no ModelDeployment, so there is nothing to plan\n",
        ),
        (
            ["-f", "nodes.yaml", "--context", "kind"],
            "fogline: give files with -f, or a cluster with --kubeconfig or --context, not both\n",
        ),
    ],
)
def test_without_usable_files_the_exit_code_is_2(arguments: list[str], message: str) -> None:
    result = run_plan(*arguments)
    assert result.exit_code == 2
    assert result.stderr.endswith(message)


@pytest.mark.usefixtures("files")
def test_without_files_a_live_cluster_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "nowhere.yaml")
    result = run_plan()
    assert result.exit_code == 2
    assert result.stderr.startswith("fogline: the kubeconfig cannot be used: ")


def test_a_file_that_is_no_text_is_refused(files: Path) -> None:
    (files / "models.yaml").write_bytes(b"\xff\xfe\x00")
    result = run_plan("-f", "models.yaml")
    assert (result.exit_code, result.stderr) == (2, "fogline: models.yaml: is no text in UTF-8\n")


@pytest.mark.usefixtures("files")
def test_a_cluster_without_nodes_is_an_answer() -> None:
    result = run_plan("-f", "models.yaml")
    assert result.exit_code == 1
    assert "there are no nodes" in result.stdout


def test_one_namespace_is_told_of_alone_but_all_are_decided_for(files: Path) -> None:
    elder = MODEL.replace("shop", "bank").replace("replicas: 2", "replicas: 1")
    (files / "models.yaml").write_text(f"{elder}---\n{MODEL}")
    result = run_plan("-f", "nodes.yaml", "-f", "models.yaml", "-n", "shop", "-o", "json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1  # bank has the room
    assert [one["model"] for one in found["assignments"]] == ["shop/digits"]
    assert [one["replicas"] for one in found["unplaceable"]] == [1]
    assert run_plan("-f", "nodes.yaml", "-f", "models.yaml", "-n", "bank").exit_code == 0
