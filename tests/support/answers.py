"""Answers that a fault proxy passes on, changes or makes itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.faults import Refuse

NOT_PASSED_ON = frozenset(
    {
        "host",
        "authorization",
        "connection",
        "keep-alive",
        "content-length",
        "transfer-encoding",
        "date",
        "server",
    }
)
"""Headers of one connection, not of the message."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an API server answers."""

    status: int
    headers: dict[str, str]
    body: bytes


def refusal(action: Refuse) -> Answer:
    """Make the answer of an API server that refuses a request."""
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": action.status,
        "reason": action.reason,
        "message": "made by the fault proxy",
        "details": {"causes": list(action.causes)},
    }
    headers = {"Content-Type": "application/json"}
    if action.retry_after_seconds is not None:
        headers["Retry-After"] = str(action.retry_after_seconds)
    return Answer(action.status, headers, json.dumps(status).encode())


def shortened(answer: Answer, to: int) -> Answer:
    """Keep the first objects of a list."""
    listing = json.loads(answer.body)
    listing["items"] = listing["items"][:to]
    listing["metadata"].pop("continue", None)
    return Answer(answer.status, answer.headers, json.dumps(listing).encode())


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Give the headers that belong to the message."""
    return {name: value for name, value in headers.items() if name.lower() not in NOT_PASSED_ON}
