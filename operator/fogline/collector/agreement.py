"""Whether two versions of a model answer alike. Pure. Answers are hostile until they are read."""

import math
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeGuard

import msgspec

RELATIVE_DIFFERENCE = 1e-3
ABSOLUTE_DIFFERENCE = 1e-6
"""Numbers that are closer are alike whatever they are: so near to 0 a float32 is noise."""
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
"""What a server answers that cannot now, of which nothing follows about the version."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answers to a sample."""

    status: int
    body: bytes


def is_alike(old: Reply | None, new: Reply | None) -> bool | None:
    """Tell whether a new version answers a sample like the old one.

    Answers are those of the REST predict API, by rows (``predictions``) or by outputs (``outputs``). Each
    output of each row is alike when the largest of its numbers is at the same place, along the last axis; a
    single number when it differs by at most a thousandth; anything else when it is the same.

    Returns
    -------
    bool or None
        None when the sample does not count: the old version answers with an error, or one of them not at all
        or that it is busy.
    """
    expected = _read(old) if old and old.status == HTTPStatus.OK else None
    if expected is None or new is None or new.status in _BUSY:
        return None
    found = _read(new) if new.status == HTTPStatus.OK else None
    if found is None:
        return False
    try:
        return _same_answer(expected, found)
    except RecursionError:  # both are nested deeper than any tensor
        return None


def _read(reply: Reply) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(reply.body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _same_answer(old: dict[str, Any], new: dict[str, Any]) -> bool:
    if "predictions" in old:
        return "predictions" in new and _same_rows(old["predictions"], new["predictions"])
    if "outputs" not in old or "outputs" not in new:
        return False
    first, second = old["outputs"], new["outputs"]
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            _same_rows(value, second[name]) for name, value in first.items()
        )
    return _same_rows(first, second)


def _same_rows(old: object, new: object) -> bool:
    if not isinstance(old, list) or not isinstance(new, list):
        return _same_value(old, new)
    return len(old) == len(new) and all(map(_same_row, old, new))


def _same_row(old: object, new: object) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same_tensor(old[name], new[name]) for name in old)
    return _same_tensor(old, new)


def _same_tensor(old: object, new: object) -> bool:
    if not isinstance(old, list) or not isinstance(new, list):
        return _same_value(old, new)
    if len(old) != len(new):
        return False
    if len(old) > 1 and all(map(_is_number, old)) and all(map(_is_number, new)):
        return old.index(max(old)) == new.index(max(new))
    return all(map(_same_tensor, old, new))


def _same_value(old: object, new: object) -> bool:
    if _is_number(old) and _is_number(new):
        return math.isclose(old, new, rel_tol=RELATIVE_DIFFERENCE, abs_tol=ABSOLUTE_DIFFERENCE)
    return type(old) is type(new) and old == new


def _is_number(value: object) -> TypeGuard[float]:
    """Tell numbers from all else; no model has whole ones that take more than 64 bits."""
    return isinstance(value, float) or (type(value) is int and abs(value) < 2**64)
