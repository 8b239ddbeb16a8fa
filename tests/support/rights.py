"""The rights of our processes: their accounts with the roles that are shipped, and what of them was used."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from dev.paths import ROOT
from tests.support.faults import Request
from tests.support.kubectl import Kubectl

MANIFEST = ROOT / "dev" / "manifests" / "operator.yaml"
OPERATOR = "fogline-operator"
JANITOR = "fogline-janitor"
"""Accounts; their roles have the same names."""
NAMESPACE = "fogline-system"

_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/[^/]+(?:/namespaces/[^/]+)?/(?P<plural>[^/?]+)"
    r"(?:/(?P<name>[^/?]+))?(?:/(?P<subresource>[^/?]+))?(?:\?.*)?"
)
_CREATED = 201


class Right(NamedTuple):
    """One verb on one resource."""

    group: str
    resource: str
    """With its subresource, such as ``pods/eviction``."""
    verb: str


def service_account_objects() -> list[dict[str, Any]]:
    """Read the objects that give our processes their identities and their rights."""
    wanted = {"Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}
    return [one for one in yaml.safe_load_all(MANIFEST.read_text()) if one["kind"] in wanted]


def granted(account: str) -> set[Right]:
    """List what the shipped roles grant to an account."""
    roles = [
        one
        for one in service_account_objects()
        if one["kind"] in {"ClusterRole", "Role"} and one["metadata"]["name"] == account
    ]
    return {
        Right(group, resource, verb)
        for role in roles
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


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


def kubeconfig_of_account(kubectl: Kubectl, account: str, path: Path) -> Path:
    """Create the service accounts with their rights, and write a kubeconfig that speaks as one of them."""
    for document in service_account_objects():
        kubectl("apply", "--server-side", "--filename=-", manifest=document)
    token = kubectl("create", "token", account, f"--namespace={NAMESPACE}", "--duration=24h").strip()
    config: dict[str, Any] = yaml.safe_load(kubectl.kubeconfig.read_text())
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
