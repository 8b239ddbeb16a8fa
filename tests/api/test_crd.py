"""The CustomResourceDefinition is generated, complete and documented."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from dev.generate import GENERATED, difference, main
from dev.paths import ROOT
from msgspec import inspect
from tests.support.crd_cases import KINDS, smallest_manifest, valid_manifests

from fogline.api import parse, parse_model_training, parse_node_profile
from fogline.api.crd import RESOURCES, Resource, custom_resource_definition
from fogline.api.rule import Rule
from fogline.api.rules import RULES
from fogline.api.schema import as_written, schema_of

Schema = dict[str, Any]


def schema_of_object(resource: Resource) -> Schema:
    version = custom_resource_definition(resource)["spec"]["versions"][0]
    found: Schema = version["schema"]["openAPIV3Schema"]
    return found


SCHEMAS = {resource.kind: schema_of_object(resource) for resource in RESOURCES}
OF_KUBERNETES = ("apiVersion", "kind", "metadata")


def parts(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Walk over a schema: everything below it that Fogline defines, with its path."""
    inner = {f"{path}.{name}".lstrip("."): field for name, field in schema.get("properties", {}).items()}
    inner |= {f"{path}[]": schema[key] for key in ("items", "additionalProperties") if key in schema}
    for here, field in inner.items():
        if not here.startswith(OF_KUBERNETES):
            yield here, field
            yield from parts(field, here)


PARTS = {f"{kind}.{path}": part for kind, schema in SCHEMAS.items() for path, part in parts(schema)}
FIELDS = {path: schema for path, schema in PARTS.items() if not path.endswith("]")}


def required_fields(schema: Schema, path: str = "") -> Iterator[str]:
    """Name the fields that must be there."""
    for here, part in [(path, schema), *parts(schema, path)]:
        yield from (f"{here}.{name}".lstrip(".") for name in part.get("required", ()))


def test_the_committed_files_are_what_the_generator_makes() -> None:
    for path, make in GENERATED.items():
        assert difference(path, make()) == ""


def test_checking_shows_what_is_out_of_date_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    path = ROOT / "crds" / "fogline.dev_modeldeployments.yaml"
    before = path.read_text()
    assert main(["--check"], {path: lambda: before.replace("shortNames:", "shortnames:")}) == 1
    shown = capsys.readouterr()
    assert "-    shortNames:\n+    shortnames:\n" in shown.out
    assert "make generate" in shown.err
    assert path.read_text() == before
    assert main(["--check"]) == 0


def test_every_field_has_a_sentence_as_its_description() -> None:
    assert len(FIELDS) > 80
    assert [path for path, schema in FIELDS.items() if not schema.get("description", "").endswith(".")] == []


def test_every_optional_field_of_the_spec_says_what_its_absence_means() -> None:
    required = {f"{kind}.{path}" for kind, schema in SCHEMAS.items() for path in required_fields(schema)}
    silent = [
        path
        for path, schema in FIELDS.items()
        if ".spec." in path and path not in required
        # an object that is {} by default has fields that say theirs
        if schema.get("default") != {}
        and f"Default: {as_written(schema.get('default'))}." not in schema["description"]
        and "Absent: " not in schema["description"]
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("ending", "unit"),
    [
        ("Milliseconds", "in milliseconds"),
        ("Seconds", "in seconds"),
        ("Percent", "in percent"),
        ("PerHour", "US dollars per hour"),
        ("PerMillisecond", "US dollars per hour"),
    ],
)
def test_a_field_with_a_unit_in_its_name_has_it_in_its_description(ending: str, unit: str) -> None:
    found = {path: schema for path, schema in FIELDS.items() if path.endswith(ending)}
    assert found
    assert [path for path, schema in found.items() if unit not in schema["description"]] == []


def test_everything_that_can_grow_is_bounded() -> None:
    bound_of = {"array": "maxItems", "string": "maxLength", "integer": "maximum", "object": "maxProperties"}

    def is_bounded(schema: Schema) -> bool:
        if schema.get("x-kubernetes-int-or-string"):
            return "maximum" in schema and "maxLength" in schema
        fixed = "enum" in schema or "properties" in schema or schema.get("format") == "date-time"
        return fixed or schema["type"] == "boolean" or bound_of[schema["type"]] in schema

    assert [path for path, schema in PARTS.items() if not is_bounded(schema)] == []


def test_every_list_says_how_it_is_merged() -> None:
    lists = {path: schema for path, schema in PARTS.items() if schema.get("type") == "array"}
    assert len(lists) == 29
    assert [path for path, schema in lists.items() if "x-kubernetes-list-type" not in schema] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_valid_manifests_of_the_tests_set_every_field_of_the_spec(kind: str) -> None:
    def paths(value: Any, path: str) -> Iterator[str]:
        yield path
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from paths(inner, f"{path}.{name}")
        if isinstance(value, list):
            for item in value:
                yield from paths(item, f"{path}[]")

    fields_of_spec = {path for path in FIELDS if path.startswith(f"{kind}.spec")}
    for manifest in valid_manifests(kind):
        fields_of_spec -= set(paths(manifest["spec"], f"{kind}.spec"))
    assert fields_of_spec == set()


def test_the_defaults_of_the_schema_are_those_of_the_types() -> None:
    def with_defaults(value: Any, schema: Schema) -> Any:
        """Apply defaults as the API server does: from the outside in."""
        if isinstance(value, list):
            return [with_defaults(item, schema["items"]) for item in value]
        if not isinstance(value, dict):
            return value
        fields = schema.get("properties", {})
        filled = {name: field["default"] for name, field in fields.items() if "default" in field} | value
        return {name: with_defaults(inner, fields.get(name, {})) for name, inner in filled.items()}

    defaulted = with_defaults(smallest_manifest(), SCHEMAS["ModelDeployment"])
    assert defaulted["spec"]["placement"]["cloud"] == {"minReplicas": 0}
    assert defaulted["spec"]["disruption"]["maxUnavailable"] == 0
    assert parse(defaulted, strict=True) == parse(smallest_manifest())
    profile = with_defaults(smallest_manifest("NodeProfile"), SCHEMAS["NodeProfile"])
    assert profile["spec"]["latency"] == [{"clientSite": "", "milliseconds": 0}]
    training = with_defaults(smallest_manifest("ModelTraining"), SCHEMAS["ModelTraining"])
    assert training["spec"]["export"]["forms"] == ["SavedModel", "TFLiteFloat32"]
    assert parse_model_training(training, strict=True) == parse_model_training(
        smallest_manifest("ModelTraining")
    )
    assert parse_node_profile(profile, strict=True) == parse_node_profile(smallest_manifest("NodeProfile"))


def test_a_type_that_no_schema_can_state_is_refused() -> None:
    with pytest.raises(TypeError, match="no place in a structural schema"):
        schema_of(inspect.type_info(float))
    with pytest.raises(TypeError, match="no choice that a structural schema can state"):
        schema_of(inspect.type_info(bool | str))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.message)
def test_a_rule_reads_quantities_so_that_kubernetes_1_30_does_not_take_it_for_too_costly(
    rule: Rule[Any],
) -> None:
    assert not re.search(r"(quantity|string|matches)\(self[.]\w+\[", rule.cel)
