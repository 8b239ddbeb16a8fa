"""Problems that a document shows before its values are read: missing fields, unknown tokens, duplicates."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from msgspec import inspect

from fogline.api.fields import ApiObject
from fogline.api.metadata import ObjectMeta
from fogline.errors import BadInputError

_KUBERNETES_METADATA = frozenset(
    {
        "annotations",
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "labels",
        "managedFields",
        "name",
        "namespace",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
"""Fields that metadata may have although Fogline does not read all of them."""


def as_stored(value: Any) -> Any:
    """Read a document as the API server does: a null stands for an absent field, and 3.0 for 3."""
    match value:
        case dict():
            return {key: as_stored(inner) for key, inner in value.items() if inner is not None}
        case list() | tuple():
            return [as_stored(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


@dataclass(frozen=True, slots=True)
class _Spot:
    """A value in the document, the type that the API gives it, and its path."""

    value: Any
    kind: inspect.Type
    path: str


def problems(document: Any, kind: type[ApiObject], *, strict: bool) -> Iterator[BadInputError]:
    """Find missing fields, unknown tokens, duplicates in lists and, if strict, unknown fields.

    A value of a wrong type is no problem yet: the conversion refuses it.
    """
    checks = (_unknown_fields, *_CHECKS) if strict else _CHECKS
    for spot in _spots(document, _inspected(kind), ""):
        for check in checks:
            yield from check(spot)


@cache
def _inspected(kind: type[ApiObject]) -> inspect.Type:
    return inspect.type_info(kind)


def _spots(value: Any, kind: inspect.Type, path: str) -> Iterator[_Spot]:
    """Walk through a document along its type."""
    yield _Spot(value, kind, path)
    match kind:
        case inspect.Metadata():
            yield from _spots(value, kind.type, path)
        case inspect.UnionType():
            for choice in kind.types:
                yield from _spots(value, choice, path)
        case inspect.StructType() if isinstance(value, dict):
            for field in kind.fields:
                if field.encode_name in value:
                    yield from _spots(value[field.encode_name], field.type, _join(path, field.encode_name))
        case inspect.VarTupleType() if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _spots(item, kind.item_type, f"{path}[{index}]")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _unknown_fields(spot: _Spot) -> Iterator[BadInputError]:
    if not isinstance(spot.kind, inspect.StructType) or not isinstance(spot.value, dict):
        return
    known = {field.encode_name for field in spot.kind.fields}
    if issubclass(spot.kind.cls, ObjectMeta):
        known |= _KUBERNETES_METADATA
    for name in spot.value:
        if name not in known:
            yield BadInputError("is no field of Fogline's API; check the spelling", _join(spot.path, name))


def _missing_fields(spot: _Spot) -> Iterator[BadInputError]:
    if not isinstance(spot.kind, inspect.StructType) or not isinstance(spot.value, dict):
        return
    for field in spot.kind.fields:
        if field.required and field.encode_name not in spot.value:
            yield BadInputError("is required", _join(spot.path, field.encode_name))


def _unknown_tokens(spot: _Spot) -> Iterator[BadInputError]:
    match spot.kind:
        case inspect.EnumType():
            tokens = [member.value for member in spot.kind.cls]
        case inspect.LiteralType():
            tokens = list(spot.kind.values)
        case _:
            return
    if spot.value not in tokens:
        yield BadInputError(f"{spot.value!r} is unknown; choose from {', '.join(tokens)}", spot.path)


def _duplicates(spot: _Spot) -> Iterator[BadInputError]:
    if not isinstance(spot.kind, inspect.Metadata) or not isinstance(spot.value, list):
        return
    schema = spot.kind.extra_json_schema or {}
    if schema.get("x-kubernetes-list-type") not in {"map", "set"}:
        return
    keys = schema.get("x-kubernetes-list-map-keys", [])
    defaults = _defaults(spot.kind.type)
    seen: list[Any] = []
    for index, item in enumerate(spot.value):
        is_object = keys and isinstance(item, dict)
        identity = {key: item.get(key, defaults.get(key)) for key in keys} if is_object else item
        if identity in seen:
            yield BadInputError(f"{identity} is there already", f"{spot.path}[{index}]")
        seen.append(identity)


def _defaults(kind: inspect.Type) -> dict[str, Any]:
    """Give the defaults of the objects in a list, by field."""
    item = kind.item_type if isinstance(kind, inspect.VarTupleType) else None
    fields = item.fields if isinstance(item, inspect.StructType) else ()
    return {field.encode_name: field.default for field in fields}


def _unreadable_times(spot: _Spot) -> Iterator[BadInputError]:
    if not isinstance(spot.kind, inspect.Metadata) or not isinstance(spot.kind.type, inspect.DateTimeType):
        return
    pattern = (spot.kind.extra_json_schema or {}).get("pattern")
    if pattern and isinstance(spot.value, str) and not re.fullmatch(pattern, spot.value):
        yield BadInputError(f"{spot.value!r} is no time; write for example 2030-01-31T00:00:00Z", spot.path)


_CHECKS = (_missing_fields, _unknown_tokens, _duplicates, _unreadable_times)
