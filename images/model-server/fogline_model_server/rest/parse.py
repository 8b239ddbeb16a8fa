"""The JSON text of a REST request, and how error messages show its values."""

import json
import re
from typing import Any

import orjson

from fogline_model_server.errors import invalid_argument
from fogline_model_server.limits import LIMITS

_NOT_FINITE = re.compile(rb"NaN|Infinity")
_INT64_MIN, _UINT64_MAX = -(1 << 63), (1 << 64) - 1

Document = dict[str, Any]


def document(body: bytes) -> Document:
    """Parse a request body, which must hold a JSON object. NaN, Infinity and -Infinity are numbers here.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT.

    """
    if not body:
        raise invalid_argument("JSON Parse error: The document is empty")
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if not _NOT_FINITE.search(body):
            raise invalid_argument(f"JSON Parse error: {error.msg} at offset: {error.pos}") from error
        parsed = _with_not_finite(body)
    if not isinstance(parsed, dict):
        raise invalid_argument(f"JSON Value: {shown(parsed)} Is not object")
    return parsed


def _with_not_finite(body: bytes) -> Any:
    try:
        return json.loads(body, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise invalid_argument(f"JSON Parse error: {error.msg} at offset: {error.pos}") from error
    except UnicodeDecodeError as error:
        raise invalid_argument(f"JSON Parse error: not UTF-8 at offset: {error.start}") from error
    except RecursionError as error:
        raise invalid_argument("JSON Parse error: nested too deeply") from error


def _integer(digits: str) -> int | float:
    """Return what does not fit into 64 bits as a float, as the other parser does."""
    as_float = float(digits)
    if not _INT64_MIN <= as_float <= _UINT64_MAX:
        return as_float
    number = int(digits)
    return number if _INT64_MIN <= number <= _UINT64_MAX else as_float


def type_name(value: Any) -> str:
    """Return the JSON type as error messages name it."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return str(value)
    for kind, name in ((dict, "Object"), (list, "Array"), (str, "String")):
        if isinstance(value, kind):
            return name
    return "Number"


def shown(value: Any) -> str:
    """Return a value as JSON for an error message, cut at the limit."""
    most = LIMITS.value_characters
    parts: list[str] = []
    length = 0
    try:
        for part in json.JSONEncoder(ensure_ascii=False, indent=4).iterencode(value):
            parts.append(part)
            length += len(part)
            if length > most:
                break
    except RecursionError:
        return "(nested too deeply)"
    text = "".join(parts)
    return text if len(text) <= most else f"{text[:most]}... (cut)"
