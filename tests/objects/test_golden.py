"""Whole objects against golden files: whoever changes what clusters get sees it in the review."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.builders import make_model, make_variant
from tests.support.live import SETTINGS, stored

from fogline.api import ModelDeployment
from fogline.objects import budget, children, deployment, services

AssertGolden = Callable[[str, Any], None]

MINIMAL = stored(
    make_model(
        variants=[
            {
                "name": "cloud",
                "tier": "Cloud",
                "runtime": "TensorFlowServing",
                "artifact": {"uri": "s3://models/digits/savedmodel"},
            }
        ]
    )
)

EVERYTHING: dict[str, Any] = {
    "replicas": 3,
    "model": {"name": "mnist_digits"},
    "variants": [
        make_variant("cloud", "Cloud"),
        {
            "name": "edge",
            "tier": "Edge",
            "runtime": "LiteRT",
            "image": "registry.example/model-server:1.2.3",
            "architectures": ["amd64", "arm64"],
            "acceleratorTypes": ["NVIDIA-L4"],
            "artifact": {
                "uri": "https://models.example/digits/tflite/7",
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "secretName": "models-reader",
            },
            "resources": {
                "requests": {"cpu": "250m", "memory": "128Mi"},
                "limits": {"memory": "256Mi", "nvidia.com/gpu": 1},
            },
        },
    ],
    "placement": {
        "dataSensitivity": "Restricted",
        "allowedRegions": ["eu-west", "eu-central"],
        "nodeSelector": {"shared": "", "example.com/disk": "ssd"},
        "priorityClassName": "business-critical",
    },
}


def edge_of(**disruption_and_rebalancing: Any) -> tuple[ModelDeployment, Any]:
    model = stored(make_model("vision", namespace="plant", **EVERYTHING, **disruption_and_rebalancing))
    return model, model.spec.variants[1]


def test_the_smallest_cloud_variant(assert_golden: AssertGolden) -> None:
    assert_golden("deployment-cloud-minimal", deployment(MINIMAL, MINIMAL.spec.variants[0], 1, SETTINGS))


@pytest.mark.parametrize(
    ("name", "policies"),
    [
        ("deployment-edge-keep-running", {"disruption": {"onEdgeUnreachable": "KeepRunning"}}),
        (
            "deployment-edge-replace-evict",
            {
                "disruption": {"onEdgeUnreachable": "Replace", "replaceAfterSeconds": 60},
                "rebalancing": {"strategy": "Evict"},
            },
        ),
    ],
)
def test_an_edge_variant_with_every_field_set(
    name: str, policies: dict[str, Any], assert_golden: AssertGolden
) -> None:
    model, variant = edge_of(**policies)
    assert_golden(name, deployment(model, variant, 2, SETTINGS))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("deployment-of-a-claim", {"uri": "pvc://models/digits/savedmodel/3", "sha256": "0" * 64}),
        ("deployment-of-an-image", {"uri": "oci://registry.example/digits:3", "secretName": "puller"}),
    ],
)
def test_a_variant_whose_files_the_kubelet_mounts(
    name: str, source: dict[str, str], assert_golden: AssertGolden
) -> None:
    model = stored(make_model(variants=[make_variant("cloud", "Cloud", artifact=source)]))
    assert_golden(name, deployment(model, model.spec.variants[0], 1, SETTINGS))


def test_the_service(assert_golden: AssertGolden) -> None:
    (built,) = services(MINIMAL)
    assert_golden("service", built)


def test_the_services_of_tiers_and_sites(assert_golden: AssertGolden) -> None:
    model, _ = edge_of(service={"perTier": True, "sites": ["plant-a"]})
    assert_golden("services", list(services(model, "PreferSameNode")))


def test_only_tiers_with_a_variant_get_a_service() -> None:
    model = make_model(variants=[make_variant("arm", "Edge")], service={"perTier": True})
    assert [one["metadata"]["name"] for one in services(model)] == ["digits", "digits-edge"]


def test_the_disruption_budget(assert_golden: AssertGolden) -> None:
    model, _ = edge_of(disruption={"maxUnavailable": 1})
    assert_golden("budget", budget(model))


def test_children_are_built_for_the_variants_in_use_and_deployments_come_last() -> None:
    model, _ = edge_of()
    found = [
        (document["kind"], document["metadata"]["name"], document["spec"].get("replicas"))
        for document in children(model, {"edge": 0}, SETTINGS).documents()
    ]
    assert found == [
        ("Service", "vision", None),
        ("PodDisruptionBudget", "vision", None),
        ("Deployment", "vision-edge", 0),
    ]


def test_every_child_belongs_to_its_model_and_carries_its_label() -> None:
    model, _ = edge_of()
    for document in children(model, {"cloud": 1, "edge": 2}, SETTINGS).documents():
        (owner,) = document["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"], owner["controller"]) == ("ModelDeployment", "uid-of-model", True)
        assert document["metadata"]["labels"]["fogline.dev/model"] == "vision"


def test_the_selectors_of_service_and_budget_take_the_pods_of_every_variant() -> None:
    model, _ = edge_of()
    built = children(model, {"cloud": 1, "edge": 2}, SETTINGS)
    selectors = [built.services[0]["spec"]["selector"], built.budget["spec"]["selector"]["matchLabels"]]
    for one in built.deployments:
        labels = one["spec"]["template"]["metadata"]["labels"]
        assert all(selector.items() <= labels.items() for selector in selectors)
        assert one["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_the_deployments_of_two_variants_never_take_each_others_pods() -> None:
    model, _ = edge_of()
    cloud, edge = children(model, {"cloud": 1, "edge": 1}, SETTINGS).deployments
    for one, other in ((cloud, edge), (edge, cloud)):
        selector = one["spec"]["selector"]["matchLabels"]
        assert not selector.items() <= other["spec"]["template"]["metadata"]["labels"].items()


def test_who_asks_for_other_children_of_the_same_spec_gets_others() -> None:
    model = make_model()
    first = children(model, {"cloud": 1}, SETTINGS)
    assert children(model, {"cloud": 1}, SETTINGS) is first
    assert children(model, {"cloud": 2}, SETTINGS).deployments[0]["spec"]["replicas"] == 2
    assert children(model, {"cloud": 1}, SETTINGS, may_go=1).budget != first.budget
    assert children(model, {"cloud": 1}, SETTINGS) == first
