"""The judge of writes tells those that could harm an object that their sender did not see."""

import json
from typing import Any

import pytest
from tests.support.faults import Request
from tests.support.preconditions import is_conditional

APPLIED = {"kind": "Service", "metadata": {"name": "digits"}}
SEEN = {"kind": "Service", "metadata": {"name": "digits", "uid": "1"}}
TESTED = [{"op": "test", "path": "/metadata/uid", "value": "1"}, {"op": "remove", "path": "/spec/gates"}]


@pytest.mark.parametrize(
    ("method", "body", "status", "holds"),
    [
        ("POST", APPLIED, 409, True),
        ("PATCH", APPLIED, 201, True),
        ("PATCH", APPLIED, 403, True),
        ("PATCH", APPLIED, 200, False),
        ("PATCH", APPLIED, None, False),
        ("PATCH", SEEN, 200, True),
        ("PATCH", TESTED, 200, True),
        ("PATCH", TESTED[1:], 200, False),
        ("DELETE", {"preconditions": {"uid": "1"}}, 200, True),
        ("DELETE", {}, 200, False),
    ],
    ids=str,
)
def test_a_write_is_safe_when_it_names_what_was_seen_makes_what_is_new_or_is_forbidden(
    method: str, body: Any, status: int | None, *, holds: bool
) -> None:
    write = Request(1, method, "/api/v1/services/digits", json.dumps(body).encode(), 0.0, status=status)
    assert is_conditional(write) is holds
