"""The kind cluster's nodes have the sizes and labels that we want, on any machine."""

from pathlib import Path
from typing import Any

from dev import kind, libyaml, topology
from dev.chart import NAMESPACE
from dev.topology import Size, with_control_plane, with_sizes

HOST = Size(cpu_millicores=8000, memory_kibibytes=32 * topology.GIBIBYTE)


def reserved(node: dict[str, Any]) -> str:
    patch = libyaml.load(node["kubeadmConfigPatches"][0])
    return str(patch["nodeRegistration"]["kubeletExtraArgs"]["system-reserved"])


def test_what_a_node_may_not_use_is_reserved() -> None:
    control_plane, *workers = with_sizes(kind.configuration(), HOST)["nodes"]
    assert "kubeadmConfigPatches" not in control_plane
    cloud, edge = "cpu=6500m,memory=27262976Ki", "cpu=7300m,memory=32505856Ki"
    assert [reserved(node) for node in workers] == [cloud, cloud, edge, edge]


def test_a_machine_smaller_than_a_node_reserves_nothing() -> None:
    small = Size(cpu_millicores=1000, memory_kibibytes=topology.GIBIBYTE // 2)
    workers = with_sizes(kind.configuration(), small)["nodes"][1:]
    assert reserved(workers[0]) == "cpu=0m,memory=0Ki"
    assert reserved(workers[2]) == "cpu=300m,memory=0Ki"


def test_the_control_plane_alone_writes_an_audit_log_of_bounded_size() -> None:
    control_plane, *workers = with_control_plane(kind.configuration(), Path("/policy.yaml"))["nodes"]
    assert workers == kind.configuration()["nodes"][1:]
    (mount,) = control_plane["extraMounts"]
    (patch,) = map(libyaml.load, control_plane["kubeadmConfigPatches"])
    server = patch["apiServer"]
    policy, logs = server["extraVolumes"]
    assert (mount["hostPath"], mount["containerPath"]) == ("/policy.yaml", policy["hostPath"])
    assert server["extraArgs"]["audit-policy-file"] == policy["mountPath"]
    assert server["extraArgs"]["audit-log-path"].startswith(f"{logs['mountPath']}/")
    assert {"audit-log-maxsize", "audit-log-maxbackup"} <= server["extraArgs"].keys()


def test_what_is_written_of_our_accounts_has_no_content() -> None:
    rules = libyaml.load(kind.AUDIT_POLICY.read_text())["rules"]
    assert {rule["level"] for rule in rules} == {"Metadata", "None"}
    assert rules[0]["userGroups"] == [f"system:serviceaccounts:{NAMESPACE}"]


def test_workers_are_named_as_kind_names_them() -> None:
    assert topology.workers(kind.configuration()) == {
        "fogline-worker": False,
        "fogline-worker2": False,
        "fogline-worker3": True,
        "fogline-worker4": True,
    }


def test_restricted_labels_are_set_on_nodes_that_exist() -> None:
    assert set(topology.RESTRICTED_LABELS) <= set(topology.workers(kind.configuration()))


def test_no_label_of_the_configuration_is_one_that_a_kubelet_may_not_set() -> None:
    labels = [label for node in kind.configuration()["nodes"] for label in node.get("labels", {})]
    assert labels
    assert not [label for label in labels if "node-restriction.kubernetes.io/" in label]


def test_only_cloud_nodes_carry_a_tier_label_because_k3s_is_found_by_its_instance_type() -> None:
    for node in kind.configuration()["nodes"][1:]:
        assert ("fogline.dev/tier" in node["labels"]) != topology.is_edge(node)
