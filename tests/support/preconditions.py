"""Which writes prove that what they change is still what their sender saw."""

import json
from http import HTTPStatus
from typing import Any

from tests.support.faults import Request

HARMLESS = frozenset({HTTPStatus.CREATED, HTTPStatus.FORBIDDEN})


def is_conditional(write: Request) -> bool:
    """Tell whether a write does no harm when its sender was behind.

    A new object harms nobody: its name is taken, or it is not. What was forbidden changed nothing.
    """
    body: Any = json.loads(write.body)
    if write.method == "POST" or write.status in HARMLESS:
        return True
    if write.method == "DELETE":
        return "uid" in body.get("preconditions", {})
    if isinstance(body, list):
        return any(step["op"] == "test" and step["path"] == "/metadata/uid" for step in body)
    return bool({"uid", "resourceVersion"} & body["metadata"].keys())
