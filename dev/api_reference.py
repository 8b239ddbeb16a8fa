"""The reference of the API: one page for each kind, made from its CustomResourceDefinition."""

from collections.abc import Iterator
from typing import Any

from dev.markdown import escaped, table
from fogline.api import GROUP, VERSION
from fogline.api.crd import Resource, custom_resource_definition
from fogline.api.schema import Schema

INTRODUCTION = """\
<!-- Generated from operator/fogline/api by `make generate`; change it there. -->
# {kind}

{description}

`apiVersion: {group}/{version}`, `kind: {kind}`, {scope}; `kubectl get {short_name}`.

Every field is enforced, refused or reported; an unknown one is refused by `kubectl apply`.
`kubectl explain {short_name}.spec` shows the same texts. The patterns of strings are in
[the CustomResourceDefinition]({crd}).
"""


def page(resource: Resource) -> str:
    """Return the page of a kind."""
    document = custom_resource_definition(resource)["spec"]
    schema = document["versions"][0]["schema"]["openAPIV3Schema"]
    head = INTRODUCTION.format(
        kind=resource.kind,
        description=schema["description"],
        group=GROUP,
        version=VERSION,
        scope="in a namespace" if resource.scope == "Namespaced" else "for the whole cluster",
        short_name=resource.short_name,
        crd=f"../crds/{GROUP}_{resource.plural}.yaml",
    )
    return "\n".join([head, _columns(resource), *_sections(schema)])


def _columns(resource: Resource) -> str:
    """Tell what kubectl shows."""
    columns = ((resource.columns, ""), (resource.wide_columns, "with `-o wide`"))
    rows = [
        (title.upper(), f"`{escaped(path)}`", when) for found, when in columns for title, _, path in found
    ]
    return "## Columns\n\n" + table(("column", "of", ""), rows)


def _sections(schema: Schema) -> Iterator[str]:
    """Give a section for each object inside of ``spec`` and ``status``, and the rules of the whole."""
    if rules := schema.get("x-kubernetes-validations"):
        yield "## Rules for the whole object\n\n" + _rules(rules)
    for name in ("spec", "status"):
        yield from _objects(name, schema["properties"][name])


def _objects(path: str, schema: Schema) -> Iterator[str]:
    """Go through an object and the objects inside of it, the outer ones first."""
    required = schema.get("required", ())
    rows = [
        (
            f'<a id="{_anchor(path, name)}"></a>{_name(path, name, field)}',
            _type(field) + (", **required**" if name in required else ""),
            escaped(field.get("description", "")),
        )
        for name, field in schema["properties"].items()
    ]
    section = f"## {path}\n\n{_text(schema)}{table(('field', 'type', 'what'), rows)}"
    rules = schema.get("x-kubernetes-validations")
    yield section + (f"\nRules:\n\n{_rules(rules)}" if rules else "")
    for name, field in schema["properties"].items():
        suffix = "[]" if field.get("type") == "array" else ""
        if "properties" in (inner := _inner(field)):
            yield from _objects(f"{path}.{name}{suffix}", inner)


def _inner(field: Schema) -> Schema:
    """Give the schema of what a list holds, and of anything else its own."""
    inner: Schema = field["items"] if field.get("type") == "array" else field
    return inner


def _text(schema: Schema) -> str:
    return f"{escaped(schema['description'])}\n\n" if "description" in schema else ""


def _anchor(path: str, name: str) -> str:
    return f"{path}.{name}".replace("[]", "")


def _name(path: str, name: str, field: Schema) -> str:
    """Write the name of a field; that of an object leads to its section."""
    if "properties" not in _inner(field):
        return f"`{name}`"
    section = f"{path}.{name}".lower().replace(".", "").replace("[]", "")
    return f"[`{name}`](#{section})"


def _type(field: Schema) -> str:
    """Write the type of a field and its bounds."""
    text = "integer or string"
    match field:
        case {"enum": tokens}:
            text = " or ".join(f"`{token}`" for token in tokens)
        case {"type": "array", "items": items}:
            text = f"list of {_plural(items)}{_bounds(field, 'minItems', 'maxItems', '')}"
        case {"type": "object", "additionalProperties": values}:
            text = f"map to {_plural(values)}{_bounds(field, 'minProperties', 'maxProperties', ' keys')}"
        case {"format": "date-time"}:
            text = "time (RFC 3339)"
        case {"type": "string"}:
            text = f"string{_bounds(field, 'minLength', 'maxLength', ' characters')}"
        case {"type": "integer"}:
            text = f"integer{_bounds(field, 'minimum', 'maximum', '')}"
        case {"type": kind}:
            text = kind
    return text


def _plural(schema: Schema) -> str:
    if "enum" in schema:
        return _type(schema)
    words = {"string": "strings", "object": "objects", "integer": "integers"}
    return words.get(schema.get("type", ""), "integers or strings")


def _bounds(field: Schema, least: str, most: str, unit: str) -> str:
    """Write the bounds of a field, with the thousands apart."""
    low, high = (f"{field[key]:,}" if key in field else None for key in (least, most))
    match low, high:
        case None, None:
            return ""
        case None, _:
            return f", at most {high}{unit}"
        case _, None:
            return f", at least {low}{unit}"
    return f", {low} to {high}{unit}"


def _rules(rules: list[dict[str, Any]]) -> str:
    return "".join(
        f"- `{rule['fieldPath'].removeprefix('.')}`: {escaped(rule['message'])}\n" for rule in rules
    )
