"""The rights that the operator and the janitor cannot work without."""

from collections.abc import Iterator
from typing import NamedTuple

from fogline.api import GROUP
from fogline.names import OPERATOR_LEASE

_READ = ("list", "watch")


class Right(NamedTuple):
    """One verb on one resource."""

    group: str
    resource: str
    """With its subresource, such as ``pods/eviction``."""
    verb: str
    name: str = ""
    """The only object that it is about; empty for all of them."""
    is_local: bool = False
    """Whether it is needed in the namespace of the operator only."""

    def __str__(self) -> str:
        group = f".{self.group}" if self.group else ""
        return f"{self.verb} {self.resource}{group}{f' {self.name}' if self.name else ''}"


def _rights(group: str, resource: str, *verbs: str) -> Iterator[Right]:
    return (Right(group, resource, verb) for verb in verbs)


OPERATOR_RIGHTS: tuple[Right, ...] = (
    *_rights(GROUP, "modeldeployments", *_READ),
    *_rights(GROUP, "modeldeployments/status", "patch"),
    *_rights(GROUP, "modeldeployments/finalizers", "update"),
    *_rights(GROUP, "nodeprofiles", *_READ),
    *_rights(GROUP, "nodeprofiles/status", "patch"),
    *_rights("", "nodes", *_READ),
    *_rights("", "pods", *_READ, "patch", "delete"),
    *_rights("", "pods/eviction", "create"),
    *_rights("", "services", "get", *_READ, "create", "patch", "delete"),
    *_rights("apps", "deployments", "get", *_READ, "create", "patch", "delete"),
    *_rights("policy", "poddisruptionbudgets", "get", *_READ, "create", "patch"),
    *_rights("events.k8s.io", "events", "create"),
    Right("coordination.k8s.io", "leases", "create", is_local=True),
    Right("coordination.k8s.io", "leases", "get", OPERATOR_LEASE, is_local=True),
    Right("coordination.k8s.io", "leases", "patch", OPERATOR_LEASE, is_local=True),
)
JANITOR_RIGHTS: tuple[Right, ...] = (
    *_rights("", "pods", *_READ, "patch", "delete"),
    *_rights("policy", "poddisruptionbudgets", "list", "patch"),
    *_rights("events.k8s.io", "events", "create"),
    Right("coordination.k8s.io", "leases", "get", OPERATOR_LEASE, is_local=True),
)
