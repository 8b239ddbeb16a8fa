"""The admission policies of the chart, in a cluster of tests."""

import time
from collections.abc import Iterable
from typing import Any

from dev.api import Connection, connect
from dev.errors import DevError
from tests.support.chart import Document, rendered
from tests.support.kubectl import Kubectl

from fogline.cluster.kinds import NAMESPACES
from fogline.names import CLEARANCE_LABEL, DATA_SENSITIVITY_LABEL, MODEL_LABEL

POLICY = "ValidatingAdmissionPolicy"
BINDING = "ValidatingAdmissionPolicyBinding"
FLOOR = "fogline.dev/minimum-data-sensitivity"

TRY = ("create", "--dry-run=server", "--output=name", "--filename=-")
"""Flags of kubectl with which the API server only judges."""

ACTIVE_LIMIT_SECONDS = 120
LOOK_SECONDS = 0.2


def policies(**values: Any) -> list[Document]:
    """Render the policies with their bindings; `values` as under ``policies`` in values.yaml."""
    every = rendered({"policies": values} if values else None)
    return [one for one in every if one["kind"] in {POLICY, BINDING}]


def names(documents: Iterable[Document]) -> list[str]:
    """Name the policies among documents."""
    return sorted(one["metadata"]["name"] for one in documents if one["kind"] == POLICY)


def install(kubectl: Kubectl, documents: list[Document]) -> None:
    """Apply policies, and wait until the API server asks them: it reads them anew about every second.

    Raises
    ------
    AssertionError
        It does not ask them in time.
    """
    kubectl("apply", "--server-side", "--filename=-", manifest=listed(documents))
    _until(kubectl, in_force=True)


def remove(kubectl: Kubectl, documents: list[Document]) -> None:
    """Delete policies, as an uninstallation does, and wait until the API server asks them no more.

    Raises
    ------
    AssertionError
        It goes on asking them.
    """
    kubectl("delete", "--filename=-", manifest=listed(documents))
    _until(kubectl, in_force=False)


def _until(kubectl: Kubectl, *, in_force: bool) -> None:
    end = time.monotonic() + ACTIVE_LIMIT_SECONDS
    with connect(kubectl.kubeconfig) as api:
        while _are_in_force(api) is not in_force:
            assert time.monotonic() < end, f"policies in force: not {in_force} in time"
            time.sleep(LOOK_SECONDS)


def _are_in_force(api: Connection) -> bool:
    """Try what one of them refuses."""
    wrong = namespace("policies-at-work", {FLOOR: "Nonsense"})
    try:
        api.request("POST", f"{NAMESPACES.path()}?dryRun=All", wrong)
    except DevError as refused:
        return bool(refusal(str(refused)))
    return False


def listed(documents: list[Document]) -> Document:
    """Put documents into one."""
    return {"apiVersion": "v1", "kind": "List", "items": documents}


def namespace(name: str, labels: dict[str, str]) -> Document:
    """Make the document of a namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


# what the policies judge


def demand(*levels: str, operator: str = "In", key: str = CLEARANCE_LABEL) -> Document:
    """Make an expression that demands a clearance."""
    return {"key": key, "operator": operator, **({"values": list(levels)} if levels else {})}


def term(*expressions: Document, pin: str = "") -> Document:
    """Make a required term of node affinity."""
    fields = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [pin]}]} if pin else {}
    return {**({"matchExpressions": list(expressions)} if expressions else {}), **fields}


def pod_spec(*terms: Document, **spec: Any) -> Document:
    """Make the spec of a pod with required terms of node affinity."""
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    affinity = {"affinity": {"nodeAffinity": required}} if terms else {}
    return {"containers": [{"name": "server", "image": "example.com/server:1"}], **affinity, **spec}


def labels_of(level: str | None, model: str = "digits") -> dict[str, str]:
    """Give the labels of a pod of a model."""
    return {MODEL_LABEL: model, **({} if level is None else {DATA_SENSITIVITY_LABEL: level})}


def pod(name: str, labels: dict[str, str], spec: Document) -> Document:
    """Make the document of a pod."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}


def workload(kind: str, name: str, labels: dict[str, str], spec: Document) -> Document:
    """Make a Deployment, ReplicaSet, StatefulSet or DaemonSet whose pods have labels and a spec."""
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "selector": {"matchLabels": dict([*labels.items()][:1])},
            "template": {"metadata": {"labels": labels}, "spec": spec},
            **({"serviceName": name} if kind == "StatefulSet" else {}),
        },
    }


def refusal(answer: str) -> str:
    """Name the policy that refused a request."""
    _, found, rest = answer.partition("ValidatingAdmissionPolicy '")
    assert found, answer
    return rest.partition("'")[0]
