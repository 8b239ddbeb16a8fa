"""The rights of our processes: their accounts with the roles that are shipped, and what of them was used."""

import copy
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from dev import libyaml
from dev.chart import NAMESPACE
from tests.support.chart import rendered
from tests.support.faults import Request
from tests.support.kubectl import Kubectl
from tests.support.policies import listed

from fogline.cluster.client import Client
from fogline.cluster.kinds import ACCESS_REVIEWS

OPERATOR = "fogline-operator"
JANITOR = "fogline-janitor"
COLLECTOR = "fogline-collector"
UNINSTALL = "fogline-uninstall"
"""Accounts; their roles have the same names."""

WITH_KUBEFLOW_TRAINER: Mapping[str, Any] = {"kubeflowTrainer": {"enabled": True}}
"""Values of the chart that let the operator use it."""
WITH_PROBES: Mapping[str, Any] = {
    "collector": {
        "probes": [{"clientSite": "plant", "nodeSelector": {"zone": "plant"}}],
        "probeTokenSecret": "fogline-probe",
    }
}
"""Values of the chart that let the collector write NodeProfiles."""

_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/[^/]+(?:/namespaces/[^/]+)?/(?P<plural>[^/?]+)"
    r"(?:/(?P<name>[^/?]+))?(?:/(?P<subresource>[^/?]+))?(?:\?.*)?"
)
_CREATED = 201
_DECLASSIFIES = {"apiGroups": ["fogline.dev"], "resources": ["modeldeployments"], "verbs": ["declassify"]}


class Right(NamedTuple):
    """One verb on one resource."""

    group: str
    resource: str
    """With its subresource, such as ``pods/eviction``."""
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A right that a role gives, and what it is held to."""

    right: Right
    namespace: str = ""
    """The only one; empty for all of them, and for what is in none."""
    names: tuple[str, ...] = ()
    """The only objects; empty for all of them."""

    def covers(self, right: Right, namespace: str, name: str) -> bool:
        """Tell whether it allows a request."""
        return (
            right == self.right
            and self.namespace in {"", namespace}
            and (not self.names or name in self.names)
        )

    def __str__(self) -> str:
        where = f"in {self.namespace}" if self.namespace else "everywhere"
        return f"{self.right} {where}{' on ' if self.names else ''}{', '.join(self.names)}"


def service_account_objects(values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Render the objects that give our processes their identities and their rights, and their namespace."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    wanted = {"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}
    return [namespace, *(one for one in rendered(values) if one["kind"] in wanted)]


def granted(account: str, values: Mapping[str, Any] | None = None) -> set[Right]:
    """List what the shipped roles grant to an account, wherever."""
    return {grant.right for grant in grants(account, values)}


def grants(account: str, values: Mapping[str, Any] | None = None) -> set[Grant]:
    """List what the shipped roles grant to an account, and where."""
    objects = service_account_objects(values)
    roles = {_place(one): one["rules"] for one in objects if "rules" in one}
    return {
        Grant(Right(group, resource, verb), namespace, tuple(rule.get("resourceNames", ())))
        for namespace, role in _held(objects, account)
        for rule in roles[role]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def _place(role: Mapping[str, Any]) -> tuple[str, str, str]:
    meta = role["metadata"]
    return role["kind"], meta["name"], meta.get("namespace", "")


def _held(objects: Iterable[Mapping[str, Any]], account: str) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Give the roles that an account is bound to: where each holds, and its kind, name and namespace."""
    for one in objects:
        if any(subject["name"] == account for subject in one.get("subjects", ())):
            kind, name = one["roleRef"]["kind"], one["roleRef"]["name"]
            there = one["metadata"].get("namespace", "")
            yield there, (kind, name, there if kind == "Role" else "")


def used(requests: Iterable[Request]) -> set[Right]:
    """List the rights that a log of requests needed. A server-side apply that creates needs two."""
    found: set[Right] = set()
    for request in requests:
        parts = _PATH.fullmatch(request.path)
        if parts is None:
            continue
        resource = "/".join(filter(None, (parts["plural"], parts["subresource"])))
        group = parts["group"] or ""
        found.add(Right(group, resource, _verb(request, parts["name"])))
        if request.method == "PATCH" and request.status == _CREATED:
            found.add(Right(group, resource, "create"))
    return found


class OwnAccount:
    """A second account with the rights of a shipped one, to be taken away and given back.

    The admission policies know the shipped one only, so it may declassify besides, as whoever does by hand
    what Fogline does.

    Parameters
    ----------
    account
        The shipped one.
    name
        Of the second one; its roles are renamed alike.
    values
        Of the chart.
    """

    def __init__(
        self, kubectl: Kubectl, account: str, name: str, values: Mapping[str, Any] | None = None
    ) -> None:
        self._kubectl = kubectl
        self._objects = [
            _renamed(one, account, name)
            for one in service_account_objects(values)
            if one["metadata"]["name"] in {account, f"{account}-models"}
        ]
        self._apply(self._objects)
        self.name = name

    def take(self, resource: str, verbs: Collection[str]) -> None:
        """Take verbs on a resource away."""
        less = copy.deepcopy([one for one in self._objects if one["kind"] == "ClusterRole"])
        for rule in (rule for role in less for rule in role["rules"]):
            if resource in rule["resources"]:
                rule["verbs"] = [verb for verb in rule["verbs"] if verb not in verbs] or ["none"]
        self._apply(less)

    def give_back(self) -> None:
        """Give everything back."""
        self._apply(self._objects)

    async def may(self, client: Client, resource: str, verb: str) -> bool:
        """Ask the API server whether the account has a right to pods, nodes or the like."""
        who = f"system:serviceaccount:{NAMESPACE}:{self.name}"
        review = {
            "apiVersion": ACCESS_REVIEWS.api_version,
            "kind": ACCESS_REVIEWS.kind,
            "metadata": {},
            "spec": {"user": who, "resourceAttributes": {"resource": resource, "verb": verb}},
        }
        return bool((await client.create(review))["status"]["allowed"])

    def leave(self) -> None:
        """Delete the account and its roles."""
        self._kubectl("delete", "--filename=-", "--wait=false", manifest=listed(self._objects))

    def _apply(self, documents: list[dict[str, Any]]) -> None:
        self._kubectl("apply", "--server-side", "--filename=-", manifest=listed(documents))


def _renamed(document: dict[str, Any], account: str, name: str) -> dict[str, Any]:
    """Give an object another name, and let it name others by that too."""
    meta = document["metadata"]
    made = {**document, "metadata": {**meta, "name": meta["name"].replace(account, name)}}
    if document["kind"] == "ClusterRole":
        made["rules"] = [*document["rules"], _DECLASSIFIES]
    if "roleRef" in document:
        made["roleRef"] = {**document["roleRef"], "name": document["roleRef"]["name"].replace(account, name)}
        made["subjects"] = [{**one, "name": name} for one in document["subjects"] if one["name"] == account]
    return made


def kubeconfig_of_account(
    kubectl: Kubectl, account: str, path: Path, values: Mapping[str, Any] | None = None
) -> Path:
    """Create the service accounts with their rights, and write a kubeconfig that speaks as one of them."""
    kubectl("apply", "--server-side", "--filename=-", manifest=listed(service_account_objects(values)))
    return kubeconfig_as(kubectl, account, path)


def kubeconfig_as(kubectl: Kubectl, account: str, path: Path) -> Path:
    """Write a kubeconfig that speaks as an account that is there."""
    token = kubectl("create", "token", account, f"--namespace={NAMESPACE}", "--duration=24h").strip()
    config: dict[str, Any] = libyaml.load(kubectl.kubeconfig.read_text())
    for user in config["users"]:
        user["user"] = {"token": token}
    for context in config["contexts"]:
        context["context"]["namespace"] = NAMESPACE
    path.write_text(yaml.safe_dump(config))
    return path


def _verb(request: Request, name: str | None) -> str:
    if request.method == "GET" and name is None:
        return "watch" if request.watches else "list"
    return {"GET": "get", "POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}[
        request.method
    ]
