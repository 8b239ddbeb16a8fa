"""The values of the chart: each is checked and told about, and every setting of our processes can be set."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any

import pytest
from dev import libyaml
from dev.chart import CHART
from dev.images import NAMES
from dev.paths import ROOT
from tests.support.chart import Document, RefusedValuesError, images, named, pods, rendered

from fogline import config

VALUES: Document = libyaml.load((CHART / "values.yaml").read_text())
SCHEMA: Document = json.loads((CHART / "values.schema.json").read_text())
IMAGES = {
    "tensorflow_serving_image",
    "tensorflow_serving_arm64_image",
    "litert_image",
    "fetcher_image",
    "trainer_image",
}
NOT_AMONG_SETTINGS = {
    *IMAGES,
    "namespaces",
    "pod_uid",
    "policies",
    "collector_url",
    "kubeflow_trainer",
    "probes",
    "probe_token_file",
}
"""What the chart makes of other values."""


def environment(process: str, values: Mapping[str, Any] | None = None) -> dict[str, str]:
    pod = named(rendered(values), "Deployment", f"fogline-{process}")["spec"]["template"]["spec"]
    return {one["name"]: one.get("value", "of the pod") for one in pod["containers"][0]["env"]}


def test_without_values_all_processes_have_the_defaults_of_their_settings() -> None:
    found = environment("operator")
    assert found.pop("FOGLINE_POD_UID") == "of the pod"
    assert found.pop("FOGLINE_POLICIES")
    assert found.pop("FOGLINE_COLLECTOR_URL")
    assert config.unknown_variables(found) == []
    assert config.from_environment(found) == config.Settings()
    found = environment("janitor")
    assert config.unknown_variables(found, config.JanitorSettings) == []
    assert config.janitor_from_environment(found) == config.JanitorSettings()
    found = environment("collector")
    assert config.unknown_variables(found, config.CollectorSettings) == []
    assert config.collector_from_environment(found) == config.CollectorSettings()


@pytest.mark.parametrize(
    ("process", "kind", "read"),
    [
        ("operator", config.Settings, config.from_environment),
        ("janitor", config.JanitorSettings, config.janitor_from_environment),
        ("collector", config.CollectorSettings, config.collector_from_environment),
    ],
)
def test_every_setting_can_be_set_by_a_value(
    process: str, kind: type[config.AnySettings], read: Callable[[Mapping[str, str]], config.AnySettings]
) -> None:
    plain = {one.name for one in fields(kind)} - NOT_AMONG_SETTINGS
    texts = {"region_label": "x/region", "accelerator_label": "x/accelerator"}
    others: dict[str, Any] = {"move_budgets": [{"moves": "10%"}], "resource_metrics": True}
    wanted = {name: texts.get(name, others.get(name, 7)) for name in plain}
    values = {process: {"settings": {_camel_case(name): value for name, value in wanted.items()}}}
    found = environment(process, values)
    settings = read(found)
    assert {name for name in plain if getattr(settings, name) == getattr(kind(), name)} == set()
    assert {name: found[f"FOGLINE_{name.upper()}"] for name in plain} == {
        name: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        for name, value in wanted.items()
    }


def test_both_processes_keep_to_the_namespaces_that_they_may_write_in() -> None:
    values = {"rbac": {"namespaces": ["models", "shop"]}}
    assert config.from_environment(environment("operator", values)).namespaces == ("models", "shop")
    assert config.janitor_from_environment(environment("janitor", values)).namespaces == ("models", "shop")
    assert config.collector_from_environment(environment("collector", values)).namespaces == (
        "models",
        "shop",
    )


def test_the_collector_is_told_where_each_probe_answers_and_both_mount_its_token() -> None:
    probes: list[Document] = [
        {"clientSite": "plant-a", "nodeSelector": {"zone": "a"}},
        {"clientSite": "Plant_B", "nodeSelector": {"zone": "b"}, "tolerations": [{"operator": "Exists"}]},
    ]
    values = {"collector": {"probes": probes, "probeTokenSecret": "token-of-probes"}}
    told = config.collector_from_environment(environment("collector", values)).probes
    assert [one.client_site for one in told] == ["plant-a", "Plant_B"]
    documents = rendered(values)
    services = {one["metadata"]["name"] for one in documents if one["kind"] == "Service"}
    for probe, address in zip(probes, told, strict=True):
        name, rest = address.url.removeprefix("http://").split(".", 1)
        assert (name in services, rest) == (True, "fogline-system.svc:8082")
        pod = named(documents, "Deployment", name)["spec"]["template"]["spec"]
        assert pod["nodeSelector"] == probe["nodeSelector"]
        assert pod.get("tolerations") == probe.get("tolerations")
        assert "serviceAccountName" not in pod
        assert pod["automountServiceAccountToken"] is False
        settings = {one["name"]: one["value"] for one in pod["containers"][0]["env"]}
        assert config.probe_from_environment(settings) == config.ProbeSettings()
    mounted = [
        name
        for name, pod in pods(documents)
        for volume in pod.get("volumes", ())
        if volume.get("secret", {}).get("secretName") == "token-of-probes"
    ]
    assert len(mounted) == 3


def test_the_operator_is_told_where_the_collector_answers() -> None:
    found = environment("operator", {"collector": {"settings": {"figuresPort": 8099}}})
    assert found["FOGLINE_COLLECTOR_URL"] == "http://fogline-collector.fogline-system.svc:8099"


def test_nothing_of_the_collector_is_there_when_it_is_turned_off() -> None:
    documents = rendered({"collector": {"enabled": False}})
    assert "FOGLINE_COLLECTOR_URL" not in environment("operator", {"collector": {"enabled": False}})
    assert "fogline-collector" not in {one["metadata"]["name"] for one in documents}


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def test_one_value_names_the_registry_of_every_image() -> None:
    documents = rendered({"image": {"registry": "mirror.example:5000"}})
    found = images(documents)
    assert len(found) >= 5
    assert [one for one in found if not one.startswith("mirror.example:5000/")] == []
    for registry in ("ghcr.io", "docker.io"):
        assert registry not in json.dumps(documents)


def test_the_cluster_of_make_up_takes_every_image_from_those_built_here() -> None:
    ours = libyaml.load((ROOT / "dev" / "manifests" / "values.yaml").read_text())
    assert {*VALUES["images"]} == {*ours["images"]}
    assert {one["repository"] for one in ours["images"].values()} <= {*NAMES}


def test_the_images_are_those_that_the_chart_tells_artifact_hub() -> None:
    chart = libyaml.load((CHART / "Chart.yaml").read_text())
    told = libyaml.load(chart["annotations"]["artifacthub.io/images"])
    assert {one["image"] for one in told} == images(rendered())


def test_an_image_may_be_named_by_its_digest() -> None:
    digest = "sha256:" + "0" * 64
    values = {"images": {name: {"digest": digest} for name in VALUES["images"]}}
    assert {one.partition("@")[2] for one in images(rendered(values))} == {digest}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"operater": {}}, "operater"),
        ({"operator": {"settings": {"resyncSecond": 5}}}, "resyncSecond"),
        ({"operator": {"settings": {"resyncSeconds": 0}}}, "resyncSeconds"),
        ({"operator": {"replicas": "two"}}, "replicas"),
        ({"images": {"litert": {"digest": "sha256:1"}}}, "digest"),
        ({"rbac": {"namespaces": ["No"]}}, "namespaces"),
        ({"operator": {"tolerations": [{"operator": "Exists"}]}}, "tolerations"),
        ({"janitor": {"tolerations": [{"key": "node-role.kubernetes.io/edge"}]}}, "tolerations"),
        ({"collector": {"probes": [{"clientSite": "a", "nodeSelector": {"b": "c"}}]}}, "probeTokenSecret"),
        ({"collector": {"probes": [{"clientSite": "a"}], "probeTokenSecret": "x"}}, "nodeSelector"),
    ],
)
def test_values_that_mean_nothing_or_harm_are_refused_and_named(values: Document, said: str) -> None:
    with pytest.raises(RefusedValuesError, match=said):
        rendered(values)


def described(schema: Document, path: str = "") -> Iterator[tuple[str, str]]:
    """Give the path and the description of every value; what a $ref leads to is free of descriptions."""
    for name, part in schema.get("properties", {}).items():
        yield f"{path}{name}", part.get("description", "")
        yield from described(part, f"{path}{name}.")


def present(values: Document, path: str = "") -> Iterator[str]:
    for name, value in values.items():
        yield f"{path}{name}"
        if isinstance(value, dict):
            yield from present(value, f"{path}{name}.")


def test_every_value_is_in_the_values_file_and_has_a_description() -> None:
    told = dict(described(SCHEMA))
    assert [path for path, text in told.items() if not text.endswith(".")] == []
    there = {path for path in present(VALUES) if ".resources." not in path}
    assert there == told.keys() - {"global"}


def test_every_object_of_the_schema_is_closed() -> None:
    def open_objects(schema: Any, path: str) -> Iterator[str]:
        if isinstance(schema, dict):
            if schema.get("type") == "object" and "additionalProperties" not in schema:
                yield path
            for name, part in schema.items():
                yield from open_objects(part, f"{path}.{name}")

    of_kubernetes = [f"networkPolicies.properties.{name}.items" for name in ("metricsFrom", "figuresFrom")]
    of_our_api = "operator.properties.settings.properties.moveBudgets.items"
    allowed = {f".properties.{path}" for path in ("global", *of_kubernetes, of_our_api)}
    assert set(open_objects(SCHEMA, "")) == allowed


def test_pods_carry_annotations_that_are_asked_for() -> None:
    documents = rendered({"podAnnotations": {"example.com/team": "ai"}})
    for name in ("fogline-operator", "fogline-janitor"):
        template = named(documents, "Deployment", name)["spec"]["template"]
        assert template["metadata"]["annotations"] == {"example.com/team": "ai"}
    assert [name for name, spec in pods(documents) if spec.get("hostNetwork")] == []
