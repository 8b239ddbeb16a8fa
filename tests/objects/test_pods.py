"""The pods that Deployments of ours make: restricted, gated, and free to go anywhere that the rules allow."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import make_model, make_variant
from tests.support.live import SETTINGS, live_pod, pod_document, replica_of, stored
from tests.support.pod_security import violations

from fogline.api import ModelDeployment
from fogline.names import GATE
from fogline.objects import deployment
from fogline.placement import demand_of

ARTIFACTS = (
    {"uri": "s3://models/digits/savedmodel/1"},
    {"uri": "https://models.example/digits.tflite", "secretName": "reader", "sha256": "0" * 64},
    {"uri": "pvc://models/digits/3", "sha256": "0" * 64},
    {"uri": "oci://registry.example/digits:3", "secretName": "puller"},
)

ROOM: tuple[Any, ...] = ({}, {"requests": {"cpu": "1"}}, {"limits": {"cpu": "2", "memory": "1Gi"}})
WAYS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"artifact": st.sampled_from(ARTIFACTS), "resources": st.sampled_from(ROOM)},
    optional={"architectures": st.sampled_from([["arm64"], ["amd64"]])},
)


@st.composite
def models(draw: st.DrawFn) -> ModelDeployment:
    """Draw a ModelDeployment with whatever changes its pods."""
    variants = [
        make_variant(f"v{number}", draw(st.sampled_from(["Cloud", "Edge"])), **draw(WAYS))
        for number in range(draw(st.integers(1, 3)))
    ]
    placement = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "dataSensitivity": st.sampled_from(["Public", "Internal", "Restricted"]),
                "allowedRegions": st.just(["eu-west"]),
                "nodeSelector": st.just({"disk": "ssd"}),
                "priorityClassName": st.just("high"),
                "onNoFit": st.sampled_from(["Wait", "ScheduleWithoutPin"]),
            },
        )
    )
    disruption = draw(
        st.fixed_dictionaries({}, optional={"onEdgeUnreachable": st.sampled_from(["KeepRunning", "Replace"])})
    )
    return stored(make_model(variants=variants, placement=placement, disruption=disruption))


def pod_specs(model: ModelDeployment) -> list[dict[str, Any]]:
    return [
        deployment(model, variant, 1, SETTINGS)["spec"]["template"]["spec"] for variant in model.spec.variants
    ]


@given(models())
def test_every_pod_passes_the_restricted_pod_security_standard(model: ModelDeployment) -> None:
    for spec in pod_specs(model):
        assert violations(spec) == []
        assert spec["automountServiceAccountToken"] is False
        for container in (*spec["initContainers"], *spec["containers"]):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True


@given(models())
def test_every_pod_waits_at_our_gate_and_no_other_and_names_no_node(model: ModelDeployment) -> None:
    for spec in pod_specs(model):
        assert spec["schedulingGates"] == [{"name": GATE}]
        assert "nodeName" not in spec
        assert "matchFields" not in json.dumps(spec)
        assert "kubernetes.io/hostname" not in json.dumps(spec)


@given(models())
def test_no_term_is_empty_because_an_empty_one_could_never_be_pinned(model: ModelDeployment) -> None:
    for variant in model.spec.variants:
        terms = live_pod(pod_document(model, "p", variant.name)).node_selector_terms
        assert terms
        assert all(term.match_expressions for term in terms)


@given(models())
def test_placement_counts_for_a_new_pod_just_what_the_pod_will_request(model: ModelDeployment) -> None:
    for variant in demand_of(model).variants:
        document = pod_document(model, "p", variant.name)
        for container in document["spec"]["containers"]:  # the API server requests what is only limited
            resources = container["resources"]
            resources["requests"] = {**resources.get("limits", {}), **resources.get("requests", {})}
        assert dict(variant.requests) == replica_of(document).requests


def test_the_fetcher_gets_the_address_and_what_proves_and_opens_it() -> None:
    model = stored(make_model(variants=[make_variant("edge", "Edge", artifact=ARTIFACTS[1])]))
    (fetcher,) = pod_specs(model)[0]["initContainers"]
    assert fetcher["args"] == [
        "--uri=https://models.example/digits.tflite",
        "--destination=/models/digits",
        "--version=1",
        "--max-bytes=10737418240",
        "--credentials=/var/run/fogline/credentials",
        f"--sha256={'0' * 64}",
    ]
    volumes = {volume["name"]: volume for volume in pod_specs(model)[0]["volumes"]}
    assert volumes["credentials"]["secret"] == {"secretName": "reader", "optional": True}
    mounts = {mount["name"]: mount for mount in fetcher["volumeMounts"]}
    assert mounts["credentials"] == {
        "name": "credentials",
        "mountPath": "/var/run/fogline/credentials",
        "readOnly": True,
    }


def test_the_server_never_sees_the_credentials_and_cannot_change_the_model() -> None:
    model = stored(make_model(variants=[make_variant("edge", "Edge", artifact=ARTIFACTS[1])]))
    (server,) = pod_specs(model)[0]["containers"]
    mounts = {mount["name"]: mount for mount in server["volumeMounts"]}
    assert mounts.keys() == {"models", "monitoring", "tmp"}
    assert mounts["models"]["readOnly"] is True


@pytest.mark.parametrize(
    ("uri", "version"),
    [
        ("s3://models/digits/savedmodel/1", 1),
        ("s3://models/digits/savedmodel/42/", 42),
        ("https://models.example/digits/0007", 7),
        ("https://models.example/digits.tflite", 1),
        ("s3://models/v2", 1),
        ("https://models.example/digits/1.5", 1),
    ],
)
def test_the_served_version_is_the_last_part_of_the_address_if_that_is_a_number(
    uri: str, version: int
) -> None:
    model = stored(make_model(variants=[make_variant("cloud", "Cloud", artifact={"uri": uri})]))
    (fetcher,) = pod_specs(model)[0]["initContainers"]
    assert f"--version={version}" in fetcher["args"]


@pytest.mark.parametrize(
    ("uri", "path", "sub_path"),
    [
        ("pvc://models", "/models/digits/1", None),
        ("pvc://models/", "/models/digits/1", None),
        ("pvc://models/digits/7/", "/models/digits/7", "digits/7"),
        ("pvc://models/digits/today.tflite", "/models/digits/1/model.tflite", "digits/today.tflite"),
        ("oci://registry.example/digits", "/models/digits/1", None),
        ("oci://registry.example:5000/digits:42", "/models/digits/42", None),
        (f"oci://registry.example/digits:42@sha256:{'0' * 64}", "/models/digits/42", None),
        (f"oci://registry.example/42@sha256:{'0' * 64}", "/models/digits/42", None),
        ("oci://registry.example/digits:v2", "/models/digits/1", None),
    ],
)
def test_a_volume_is_mounted_where_servers_look_for_the_version(
    uri: str, path: str, sub_path: str | None
) -> None:
    model = stored(make_model(variants=[make_variant("cloud", "Cloud", artifact={"uri": uri})]))
    (server,) = pod_specs(model)[0]["containers"]
    mount = {"name": "artifact", "mountPath": path, "readOnly": True}
    assert server["volumeMounts"][0] == {**mount, **({"subPath": sub_path} if sub_path else {})}


def test_the_secret_of_an_image_is_for_the_kubelet_and_no_container_sees_it() -> None:
    model = stored(make_model(variants=[make_variant("cloud", "Cloud", artifact=ARTIFACTS[3])]))
    (spec,) = pod_specs(model)
    assert spec["imagePullSecrets"] == [{"name": "puller"}]
    assert not [volume for volume in spec["volumes"] if "secret" in volume]


@pytest.mark.parametrize(("tier", "is_capped"), [("Cloud", False), ("Edge", True)])
def test_a_cap_on_bandwidth_holds_at_the_edge_alone(tier: str, *, is_capped: bool) -> None:
    model = stored(make_model(variants=[make_variant("v", tier)]))
    settings = replace(SETTINGS, edge_fetch_megabits=20, artifact_gibibytes=2)
    pod = deployment(model, model.spec.variants[0], 1, settings)["spec"]["template"]["spec"]
    (fetcher,) = pod["initContainers"]
    assert ("--megabits-per-second=20" in fetcher["args"]) == is_capped
    assert "--max-bytes=2147483648" in fetcher["args"]


@pytest.mark.parametrize(
    ("tier", "disruption", "seconds"),
    [
        ("Cloud", {"onEdgeUnreachable": "Replace"}, None),
        ("Edge", {"onEdgeUnreachable": "KeepRunning"}, [None, None]),
        ("Edge", {"onEdgeUnreachable": "Replace", "replaceAfterSeconds": 0}, [0, 0]),
        ("Edge", {"onEdgeUnreachable": "Replace"}, [300, 300]),
    ],
)
def test_an_edge_replica_outlives_the_link_to_its_node_for_as_long_as_the_user_says(
    tier: str, disruption: dict[str, Any], seconds: list[int | None] | None
) -> None:
    model = stored(make_model(variants=[make_variant("v", tier)], disruption=disruption))
    tolerations = pod_specs(model)[0].get("tolerations")
    assert seconds == (tolerations and [one.get("tolerationSeconds") for one in tolerations])


@pytest.mark.parametrize(
    ("tier", "strategy", "unavailable"),
    [("Cloud", "Evict", 0), ("Cloud", "Surge", 0), ("Edge", "Surge", 0), ("Edge", "Evict", 1)],
)
def test_a_rollout_leaves_a_gap_only_at_the_edge_and_only_when_the_user_chose_evict(
    tier: str, strategy: str, unavailable: int
) -> None:
    model = stored(make_model(variants=[make_variant("v", tier)], rebalancing={"strategy": strategy}))
    built = deployment(model, model.spec.variants[0], 1, SETTINGS)
    assert built["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == unavailable
