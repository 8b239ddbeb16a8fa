"""The rights that the operator and the janitor cannot work without."""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import NamedTuple

from fogline.api import GROUP
from fogline.names import OPERATOR_LEASE, TRAINER_GROUP

_READ = ("get", "list", "watch")


class Where(Enum):
    """Where a right is needed."""

    EVERYWHERE = auto()
    SERVED = auto()
    """In the namespaces whose models are placed: all of them, or those that the installation is held to."""
    OWN = auto()
    """In the namespace of the operator."""


class Right(NamedTuple):
    """One verb on one resource."""

    group: str
    resource: str
    """With its subresource, such as ``pods/eviction``."""
    verb: str
    name: str = ""
    """The only object that it is about; empty for all of them."""
    where: Where = Where.EVERYWHERE

    def __str__(self) -> str:
        group = f".{self.group}" if self.group else ""
        return f"{self.verb} {self.resource}{group}{f' {self.name}' if self.name else ''}"

    def namespaces(self, own: str, served: Sequence[str]) -> Sequence[str]:
        """List the namespaces in which it is needed; one without a name stands for all.

        Parameters
        ----------
        own
            That of the operator.
        served
            Those that the installation is held to; empty for all.
        """
        if self.where is Where.OWN:
            return (own,)
        return served or ("",) if self.where is Where.SERVED else ("",)


def operator_rights(policies: Iterable[str], *, trains_by_kubeflow: bool) -> tuple[Right, ...]:
    """List the rights of an operator.

    Parameters
    ----------
    policies
        The admission policies that it looks after.
    trains_by_kubeflow
        Whether it uses Kubeflow Trainer.
    """
    kinds = ("validatingadmissionpolicies", "validatingadmissionpolicybindings")
    seen = (
        Right("admissionregistration.k8s.io", kind, "get", name)
        for name in sorted(policies)
        for kind in kinds
    )
    return (*_OPERATOR_RIGHTS, *(_KUBEFLOW_RIGHTS if trains_by_kubeflow else ()), *seen)


def _rights(group: str, resource: str, *verbs: str) -> Iterator[Right]:
    for verb in verbs:
        where = Where.EVERYWHERE if verb in _READ else Where.SERVED
        yield Right(group, resource, verb, where=where)


_OPERATOR_RIGHTS = (
    *_rights(GROUP, "modeldeployments", "list", "watch", "patch"),
    *_rights(GROUP, "modeldeployments/status", "patch"),
    *_rights(GROUP, "modeldeployments/finalizers", "update"),
    *_rights(GROUP, "modeltrainings", "list", "watch"),
    *_rights(GROUP, "modeltrainings/status", "patch"),
    *_rights(GROUP, "modeltrainings/finalizers", "update"),
    *_rights(GROUP, "nodeprofiles", "list", "watch"),
    Right(GROUP, "nodeprofiles/status", "patch"),
    *_rights("", "nodes", "list", "watch"),
    *_rights("", "pods", "list", "watch", "patch", "delete"),
    *_rights("", "pods/eviction", "create"),
    *_rights("", "services", "get", "list", "watch", "create", "patch", "delete"),
    *_rights("apps", "deployments", "get", "list", "watch", "create", "patch", "delete"),
    *_rights("batch", "jobs", "get", "list", "watch", "create", "patch", "delete"),
    *_rights("policy", "poddisruptionbudgets", "get", "list", "watch", "create", "patch"),
    *_rights("events.k8s.io", "events", "create"),
    Right("coordination.k8s.io", "leases", "create", where=Where.OWN),
    Right("coordination.k8s.io", "leases", "get", OPERATOR_LEASE, Where.OWN),
    Right("coordination.k8s.io", "leases", "patch", OPERATOR_LEASE, Where.OWN),
)
_KUBEFLOW_RIGHTS = (
    *_rights(TRAINER_GROUP, "trainjobs", "get", "list", "watch", "create", "patch", "delete"),
    *_rights(TRAINER_GROUP, "trainingruntimes", "get", "create", "delete"),
)
JANITOR_RIGHTS = (
    *_rights("", "pods", "list", "watch", "patch", "delete"),
    *_rights("policy", "poddisruptionbudgets", "list", "patch"),
    *_rights("events.k8s.io", "events", "create"),
    Right("coordination.k8s.io", "leases", "get", OPERATOR_LEASE, Where.OWN),
)
