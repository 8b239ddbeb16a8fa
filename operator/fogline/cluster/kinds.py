"""The kinds of objects that Fogline reads or writes, and where the API server keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fogline import api
from fogline.errors import BadInputError
from fogline.names import TRAINER_GROUP, TRAINER_VERSION


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind of object. Each is made once, here, so that kinds are told apart by identity.

    Parameters
    ----------
    group
        API group; empty for the core group.
    plural
        Its name in URLs.
    kind
        Its name in documents.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` of its documents."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str = "", subresource: str = "") -> str:
        """URL path of one object or, without a name, of the collection; no namespace means all of them."""
        parts = ["/apis" if self.group else "/api", self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join(parts)

    def reference(self, name: str) -> str:
        """Name an object as ``kubectl -o name`` does, and as its other commands take it."""
        return ".".join(filter(None, (self.kind.lower(), self.group))) + f"/{name}"


NODES = Kind("", "v1", "nodes", "Node", namespaced=False)
NAMESPACES = Kind("", "v1", "namespaces", "Namespace", namespaced=False)
PODS = Kind("", "v1", "pods", "Pod")
SERVICES = Kind("", "v1", "services", "Service")
DEPLOYMENTS = Kind("apps", "v1", "deployments", "Deployment")
JOBS = Kind("batch", "v1", "jobs", "Job")
CONFIG_MAPS = Kind("", "v1", "configmaps", "ConfigMap")
REPLICA_SETS = Kind("apps", "v1", "replicasets", "ReplicaSet")
POD_DISRUPTION_BUDGETS = Kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
POD_METRICS = Kind("metrics.k8s.io", "v1beta1", "pods", "PodMetrics")
LEASES = Kind("coordination.k8s.io", "v1", "leases", "Lease")
EVENTS = Kind("events.k8s.io", "v1", "events", "Event")
CUSTOM_RESOURCE_DEFINITIONS = Kind(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)
ADMISSION_POLICIES = Kind(
    "admissionregistration.k8s.io",
    "v1",
    "validatingadmissionpolicies",
    "ValidatingAdmissionPolicy",
    namespaced=False,
)
ADMISSION_POLICY_BINDINGS = Kind(
    "admissionregistration.k8s.io",
    "v1",
    "validatingadmissionpolicybindings",
    "ValidatingAdmissionPolicyBinding",
    namespaced=False,
)
ACCESS_REVIEWS = Kind(
    "authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False
)
MODEL_DEPLOYMENTS = Kind(api.GROUP, api.VERSION, api.PLURAL, api.KIND)
NODE_PROFILES = Kind(api.GROUP, api.VERSION, api.NODE_PROFILE_PLURAL, api.NODE_PROFILE_KIND, namespaced=False)
MODEL_TRAININGS = Kind(api.GROUP, api.VERSION, api.MODEL_TRAINING_PLURAL, api.MODEL_TRAINING_KIND)
TRAIN_JOBS = Kind(TRAINER_GROUP, TRAINER_VERSION, "trainjobs", "TrainJob")
TRAINING_RUNTIMES = Kind(TRAINER_GROUP, TRAINER_VERSION, "trainingruntimes", "TrainingRuntime")

_PARTS_OF_NAMESPACE = 2
"""``namespaces`` and its name, in front of what is in it."""
_BY_TYPE = {
    (kind.api_version, kind.kind): kind
    for kind in (
        NODES,
        NAMESPACES,
        PODS,
        SERVICES,
        DEPLOYMENTS,
        JOBS,
        CONFIG_MAPS,
        POD_DISRUPTION_BUDGETS,
        LEASES,
        EVENTS,
        ACCESS_REVIEWS,
        MODEL_DEPLOYMENTS,
        NODE_PROFILES,
        MODEL_TRAININGS,
        TRAIN_JOBS,
        TRAINING_RUNTIMES,
    )
}


OTHER = "other"
_PLURALS = frozenset(kind.plural for kind in _BY_TYPE.values())


def resource_of(path: str) -> str:
    """Give the plural of the kind that a URL path is about; `OTHER` for what is no kind of this module.

    No name of an object or namespace is ever returned, whatever it is called.
    """
    _, root, *parts = path.split("/")
    after_version = parts[2 if root == "apis" else 1 :]
    if after_version[:1] == [NAMESPACES.plural] and len(after_version) > _PARTS_OF_NAMESPACE:
        after_version = after_version[_PARTS_OF_NAMESPACE:]
    return after_version[0] if after_version and after_version[0] in _PLURALS else OTHER


def kind_of(document: Mapping[str, Any]) -> Kind:
    """Find the kind of a document by its ``apiVersion`` and ``kind``.

    Raises
    ------
    BadInputError
        It is none of the kinds of this module.
    """
    found = _BY_TYPE.get((document.get("apiVersion", ""), document.get("kind", "")))
    if found is None:
        known = ", ".join(f"{version} {name}" for version, name in _BY_TYPE)
        raise BadInputError(
            f"{document.get('apiVersion')} {document.get('kind')} is unknown here; known: {known}", "kind"
        )
    return found
