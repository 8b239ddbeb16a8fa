"""Structural schemas, as CustomResourceDefinitions want them, made from the types of the API."""

from functools import singledispatch
from typing import Any

import msgspec
from msgspec import inspect

from fogline.api.descriptions import descriptions
from fogline.api.fields import schema_pattern
from fogline.api.rule import Rule
from fogline.api.rules import rules_on

Schema = dict[str, Any]

_MAX_INT32 = 2**31 - 1


@singledispatch
def schema_of(kind: inspect.Type) -> Schema:
    """Return the schema of an inspected type.

    Raises
    ------
    TypeError
        The type has no place in a structural schema.
    """
    raise TypeError(f"{kind} has no place in a structural schema")


@schema_of.register
def _(kind: inspect.Metadata) -> Schema:
    return schema_of(kind.type) | (kind.extra_json_schema or {})


@schema_of.register
def _(kind: inspect.UnionType) -> Schema:
    """Make the schema of an optional field, or of one that is an integer or a string."""
    schemas = [schema_of(choice) for choice in kind.types if not isinstance(choice, inspect.NoneType)]
    if len(schemas) == 1:
        return schemas[0]
    if [schema["type"] for schema in schemas] != ["integer", "string"]:
        raise TypeError(f"{kind} is no choice that a structural schema can state")
    bounds = {
        key: value for schema in schemas for key, value in schema.items() if key not in {"type", "format"}
    }
    # this anyOf, word for word, is the only one that Kubernetes allows beside x-kubernetes-int-or-string
    anyof = [{"type": "integer"}, {"type": "string"}]
    return {"anyOf": anyof, "x-kubernetes-int-or-string": True, **bounds}


@schema_of.register
def _(kind: inspect.StructType) -> Schema:
    texts = descriptions(kind.cls)
    required = [field.encode_name for field in kind.fields if field.required]
    rules = [_rule(rule) for rule in rules_on(kind.cls)]
    return {
        "type": "object",
        **({"required": required} if required else {}),
        **({"x-kubernetes-validations": rules} if rules else {}),
        "properties": {field.encode_name: _field(field, texts.get(field.name)) for field in kind.fields},
    }


@schema_of.register
def _(kind: inspect.VarTupleType) -> Schema:
    bounds = _present(minItems=kind.min_length, maxItems=kind.max_length)
    return {"type": "array", **bounds, "items": schema_of(kind.item_type)}


@schema_of.register
def _(kind: inspect.DictType) -> Schema:
    bounds = _present(minProperties=kind.min_length, maxProperties=kind.max_length)
    return {"type": "object", **bounds, "additionalProperties": schema_of(kind.value_type)}


@schema_of.register
def _(kind: inspect.EnumType) -> Schema:
    return {"type": "string", "enum": [member.value for member in kind.cls]}


@schema_of.register
def _(kind: inspect.LiteralType) -> Schema:
    return {"type": "string", "enum": list(kind.values)}


@schema_of.register
def _(kind: inspect.StrType) -> Schema:
    pattern = schema_pattern(kind.pattern) if kind.pattern else None
    bounds = _present(minLength=kind.min_length, maxLength=kind.max_length, pattern=pattern)
    return {"type": "string", **bounds}


@schema_of.register
def _(kind: inspect.IntType) -> Schema:
    small = kind.le is not None and kind.le <= _MAX_INT32
    return {
        "type": "integer",
        "format": "int32" if small else "int64",
        **_present(minimum=kind.ge, maximum=kind.le),
    }


@schema_of.register
def _(_kind: inspect.BoolType) -> Schema:
    return {"type": "boolean"}


@schema_of.register
def _(_kind: inspect.DateTimeType) -> Schema:
    return {"type": "string", "format": "date-time"}


def _field(field: inspect.Field, text: str | None) -> Schema:
    default = _default(field)
    if default is not None and text and default != {}:
        text = f"{text} Default: {as_written(default)}."
    return _present(description=text, default=default) | schema_of(field.type)


def _default(field: inspect.Field) -> Any:
    """Return the default on the wire; None and an empty tuple stand for an absent field."""
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    if field.default is msgspec.NODEFAULT or field.default == ():
        return None
    default = msgspec.to_builtins(field.default)
    return list(default) if isinstance(default, tuple) else default


def as_written(default: Any) -> str:
    """Write a default for people."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, list):
        return f"[{', '.join(map(str, default))}]"
    return str(default) or '""'


def _rule(rule: Rule[Any]) -> Schema:
    return {"rule": rule.cel, "message": rule.message, "fieldPath": f".{rule.field}"}


def _present(**values: Any) -> Schema:
    return {key: value for key, value in values.items() if value is not None}
