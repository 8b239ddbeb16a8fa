"""Settings from the environment."""

import json
from dataclasses import fields

import pytest

from fogline import config
from fogline.api import MoveBudget
from fogline.config import Settings, from_environment, unknown_variables
from fogline.errors import BadInputError


def test_without_variables_every_setting_has_its_default() -> None:
    assert from_environment({"PATH": "/bin", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}) == Settings()


def test_every_setting_can_be_set() -> None:
    plain = [
        field
        for field in fields(Settings)
        if field.name not in {"move_budgets", "namespaces", "policies", "collector_url", "kubeflow_trainer"}
    ]
    texts = {field.name: f"my-{field.name}" if field.type is str else "7" for field in plain}
    lists = {"FOGLINE_MOVE_BUDGETS": '[{"moves": "10%"}]', "FOGLINE_NAMESPACES": "models, shop"}
    lists["FOGLINE_POLICIES"] = "fogline-pod-clearance"
    lists["FOGLINE_COLLECTOR_URL"] = "http://10.0.0.7:8081"
    lists["FOGLINE_KUBEFLOW_TRAINER"] = "true"
    found = from_environment({f"FOGLINE_{name.upper()}": text for name, text in texts.items()} | lists)
    assert {name: str(getattr(found, name)) for name in texts} == texts
    assert all(type(getattr(found, field.name)) is (str if field.type is str else int) for field in plain)
    assert found.move_budgets == (MoveBudget(moves="10%"),)
    assert found.namespaces == ("models", "shop")
    assert found.policies == ("fogline-pod-clearance",)
    assert found.collector_url == "http://10.0.0.7:8081"
    assert found.kubeflow_trainer is True


def test_an_address_of_the_collector_that_is_none_is_refused_and_the_variable_is_named() -> None:
    with pytest.raises(BadInputError, match=r"^FOGLINE_COLLECTOR_URL: 'collector:8081' does not begin"):
        from_environment({"FOGLINE_COLLECTOR_URL": "collector:8081"})


@pytest.mark.parametrize("text", ["models,", "Models", "a b", "models;shop"])
def test_a_name_that_no_namespace_can_have_is_refused_and_the_variable_is_named(text: str) -> None:
    with pytest.raises(BadInputError, match="is no name; write them with commas") as caught:
        from_environment({"FOGLINE_NAMESPACES": text})
    assert caught.value.field == "FOGLINE_NAMESPACES"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("five", "is no JSON"),
        ('{"moves": 5}', "is no list of budgets"),
        ('[{"move": 5}]', "move: is no field"),
        ('[{"moves": "5"}]', "moves: "),
        ('[{"moves": 0, "schedule": "0 9 30 2 *", "durationSeconds": 60}]', "schedule: "),
    ],
)
def test_budgets_that_are_none_are_refused_and_named(text: str, wrong: str) -> None:
    with pytest.raises(BadInputError, match=f"^FOGLINE_MOVE_BUDGETS: {wrong}"):
        from_environment({"FOGLINE_MOVE_BUDGETS": text})


def test_the_environment_of_the_process_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOGLINE_RESYNC_SECONDS", "17")
    assert from_environment().resync_seconds == 17


@pytest.mark.parametrize("text", ["65536", "", "0", "-1", "1.5", "ten", " 5"])
def test_a_number_that_is_none_is_refused_and_the_variable_is_named(text: str) -> None:
    with pytest.raises(BadInputError, match="is no whole number from 1 to 65535") as caught:
        from_environment({"FOGLINE_BATCH_MILLISECONDS": text})
    assert caught.value.field == "FOGLINE_BATCH_MILLISECONDS"


def test_a_misspelt_variable_is_listed_and_stops_nothing() -> None:
    environment = {"FOGLINE_RESYNC_SECOND": "5", "FOGLINE_RESYNC_SECONDS": "7", "PATH": "/bin"}
    assert from_environment(environment).resync_seconds == 7
    assert unknown_variables(environment) == ["FOGLINE_RESYNC_SECOND"]


def test_an_empty_text_is_refused_and_the_variable_is_named() -> None:
    with pytest.raises(BadInputError, match="is empty") as caught:
        from_environment({"FOGLINE_LITERT_IMAGE": ""})
    assert caught.value.field == "FOGLINE_LITERT_IMAGE"


@pytest.mark.parametrize("text", ["my region", "example.com/", "example..com/region", "a/b/c", "a" * 64])
def test_a_label_that_no_node_can_have_is_refused_and_the_variable_is_named(text: str) -> None:
    with pytest.raises(BadInputError, match="is no key of a label") as caught:
        from_environment({"FOGLINE_REGION_LABEL": text})
    assert caught.value.field == "FOGLINE_REGION_LABEL"


PROBE = {"clientSite": "plant-a", "url": "http://10.0.0.7:8082"}


def test_probes_are_a_list_of_client_sites_and_addresses() -> None:
    found = config.collector_from_environment({"FOGLINE_PROBES": json.dumps([PROBE])})
    assert found.probes == (config.ProbeAddress("plant-a", "http://10.0.0.7:8082"),)


@pytest.mark.parametrize(
    "probes",
    [
        "x",
        "3",
        "[1]",
        "[{}]",
        json.dumps([PROBE, PROBE]),
        json.dumps([{**PROBE, "clientSite": "a b"}]),
        json.dumps([{**PROBE, "url": "https://x"}]),
    ],
)
def test_probes_that_are_none_are_refused_and_named(probes: str) -> None:
    with pytest.raises(BadInputError, match="FOGLINE_PROBES"):
        config.collector_from_environment({"FOGLINE_PROBES": probes})


def test_a_setting_that_is_on_or_off_says_so() -> None:
    assert config.collector_from_environment({"FOGLINE_RESOURCE_METRICS": "true"}).resource_metrics is True
    with pytest.raises(BadInputError, match="neither true nor false"):
        config.collector_from_environment({"FOGLINE_RESOURCE_METRICS": "yes"})
