"""The pods of the chart: restricted, off edge nodes, with a token that is bound to them."""

import re
from typing import Any

import pytest
from dev.paths import ROOT
from tests.support.chart import pods, rendered
from tests.support.node_selector import accepts
from tests.support.pod_security import violations

from fogline.units import parse_quantity

LEAST_USER_ID = 10_000
PODS = [pytest.param(spec, id=name) for name, spec in pods(rendered())]
PROBE = {"clientSite": "plant-a", "nodeSelector": {"topology.kubernetes.io/zone": "plant-a"}}
PROBED = {"collector": {"probes": [PROBE], "probeTokenSecret": "fogline-probe"}}
WITH_PROBES = [pytest.param(spec, id=name) for name, spec in pods(rendered(PROBED))]
LONG_RUNNING = [param for param in PODS if str(param.id).startswith("Deployment/")]
CONTROL_PLANE = {"node-role.kubernetes.io/control-plane": "true"}


@pytest.mark.parametrize("pod", WITH_PROBES)
def test_every_pod_is_restricted_and_has_requests_and_limits(pod: dict[str, Any]) -> None:
    assert violations(pod) == []
    assert pod["securityContext"]["runAsUser"] >= LEAST_USER_ID
    for container in pod["containers"]:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("pod", WITH_PROBES)
def test_a_token_is_mounted_only_where_it_is_used_bound_to_the_pod_for_an_hour(pod: dict[str, Any]) -> None:
    assert pod["automountServiceAccountToken"] is False
    tokens = [
        source["serviceAccountToken"]
        for volume in pod.get("volumes", ())
        for source in volume.get("projected", {}).get("sources", ())
        if "serviceAccountToken" in source
    ]
    assert tokens == ([{"path": "token", "expirationSeconds": 3600}] if "serviceAccountName" in pod else [])


@pytest.mark.parametrize("pod", LONG_RUNNING)
@pytest.mark.parametrize(
    "labels",
    [
        {"fogline.dev/tier": "Edge"},
        {"node.kubernetes.io/instance-type": "k3s"},
        {"node.kubernetes.io/instance-type": "k3s", "fogline.dev/tier": "Cloud"},
        {"node-role.kubernetes.io/edge": ""},
        {"openyurt.io/is-edge-worker": "true"},
        {"fogline.dev/tier": "Edge", **CONTROL_PLANE},
    ],
)
def test_no_edge_node_takes_the_operator_or_the_janitor(pod: dict[str, Any], labels: dict[str, str]) -> None:
    assert not accepts(pod["affinity"], labels)


@pytest.mark.parametrize("pod", LONG_RUNNING)
@pytest.mark.parametrize(
    "labels",
    [{}, {"fogline.dev/tier": "Cloud"}, {"node.kubernetes.io/instance-type": "k3s", **CONTROL_PLANE}],
    ids=["cloud", "cloud-by-label", "k3s-server"],
)
def test_cloud_nodes_and_servers_of_k3s_take_them(pod: dict[str, Any], labels: dict[str, str]) -> None:
    assert accepts(pod["affinity"], labels)


def test_what_users_ask_of_nodes_comes_on_top() -> None:
    values = {
        "nodeSelector": {"pool": "system"},
        "tolerations": [{"key": "pool", "operator": "Exists", "effect": "NoSchedule"}],
    }
    plain = dict(pods(rendered()))
    for name, spec in pods(rendered({"operator": values, "janitor": values, "collector": values})):
        if name.startswith("Deployment/"):
            assert {key: spec[key] for key in values} == values
            assert spec["affinity"] == plain[name]["affinity"]


def test_the_memory_of_the_operator_holds_the_process_of_its_optimiser_too() -> None:
    (spec,) = (spec for name, spec in pods(rendered()) if name == "Deployment/fogline-operator")
    (container,) = spec["containers"]
    settings = {one["name"]: one.get("value") for one in container["env"]}
    limit = parse_quantity(container["resources"]["limits"]["memory"])
    assert limit >= (256 + int(settings["FOGLINE_OPTIMISER_MEBIBYTES"])) * 1024**2


def test_the_image_of_the_operator_has_the_solver_of_the_optimiser() -> None:
    assert re.search("^highspy==", (ROOT / "requirements" / "operator.lock").read_text(), re.MULTILINE)
