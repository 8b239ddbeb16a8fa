"""An audit log of an API server: what our accounts asked of it, and when their roles were not bound."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dev.chart import NAMESPACE
from tests.support.rights import Right

_ACCOUNT = f"system:serviceaccount:{NAMESPACE}:"
_BINDINGS = frozenset({"rolebindings", "clusterrolebindings"})
_CREATED, _ERRORS = 201, 400

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditedRequest:
    """A request of one of our accounts, and how it was answered."""

    account: str
    right: Right
    namespace: str
    """Empty for what is in none, and for a request about all of them."""
    name: str
    """Empty for a request about no object in particular."""
    at: datetime
    status: int
    message: str = ""
    """What the API server said of an error."""

    @property
    def needed(self) -> tuple[Right, ...]:
        """The rights that it took: a server-side apply that creates takes two."""
        if self.right.verb == "patch" and self.status == _CREATED:
            return self.right, self.right._replace(verb="create")
        return (self.right,)

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.account}: {self.right}{where} {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class BindingChange:
    """A binding of roles that comes, perhaps anew, or goes."""

    name: str
    at: datetime
    comes: bool


@dataclass(frozen=True, slots=True)
class AuditLog:
    """What an audit log tells, in the order of time."""

    requests: tuple[AuditedRequest, ...]
    bindings: tuple[BindingChange, ...] = ()

    def is_unbound(self, account: str, at: datetime) -> bool:
        """Tell whether a binding of an account was gone, as while Fogline is uninstalled."""
        there = {
            one.name: one.comes
            for one in self.bindings
            if one.at <= at and (one.name == account or one.name.startswith(f"{account}-"))
        }
        return not all(there.values())


def read(text: str, since: datetime) -> AuditLog:
    """Read the lines of an audit log, of several files in any order.

    Parameters
    ----------
    text
        Events of ``audit.k8s.io/v1``, one a line. A last line without its end is still being written.
    since
        What was asked before is left out.
    """
    events = sorted(_events(text), key=_at)
    return AuditLog(
        tuple(_requests(event for event in events if _at(event) >= since)), tuple(_bindings(events))
    )


def _events(text: str) -> Iterator[Event]:
    return (json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n"))


def _at(event: Event) -> datetime:
    return datetime.fromisoformat(event["requestReceivedTimestamp"])


def _requests(events: Iterable[Event]) -> Iterator[AuditedRequest]:
    """Give what our accounts asked about objects; what all may ask, such as the version, is about none."""
    for event in events:
        account, about = event["user"].get("username", ""), event.get("objectRef")
        if about is None or not account.startswith(_ACCOUNT):
            continue
        resource = "/".join(filter(None, (about["resource"], about.get("subresource"))))
        answer = event["responseStatus"]
        yield AuditedRequest(
            account.removeprefix(_ACCOUNT),
            Right(about.get("apiGroup", ""), resource, event["verb"]),
            about.get("namespace", ""),
            about.get("name", ""),
            _at(event),
            answer["code"],
            answer.get("message", ""),
        )


def _bindings(events: Iterable[Event]) -> Iterator[BindingChange]:
    for event in events:
        about = event.get("objectRef", {})
        if about.get("resource") in _BINDINGS and event["responseStatus"]["code"] < _ERRORS:
            yield BindingChange(about["name"], _at(event), comes=event["verb"] != "delete")
