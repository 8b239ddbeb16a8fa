"""Who asks the API server in the tests of the admission policies."""

import time
from collections.abc import Iterator

import pytest
from dev.api import Connection, connect
from dev.cluster import simulated_node
from tests.support.kubectl import Kubectl
from tests.support.policies import listed
from tests.support.wait import LIMIT_SECONDS

from fogline.cluster.documents import Document
from fogline.cluster.kinds import ACCESS_REVIEWS

TENANT_RULES: list[Document] = [
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "get", "patch"]},
    {
        "apiGroups": ["apps"],
        "resources": ["deployments", "replicasets", "statefulsets", "daemonsets"],
        "verbs": ["create", "get", "patch"],
    },
    {
        "apiGroups": ["fogline.dev"],
        "resources": ["modeldeployments"],
        "verbs": ["create", "get", "patch", "delete"],
    },
]
CLEARS = [{"apiGroups": ["fogline.dev"], "resources": ["nodeclearances"], "verbs": ["clear"]}]
DECLASSIFIES = [{"apiGroups": ["fogline.dev"], "resources": ["modeldeployments"], "verbs": ["declassify"]}]
LABELS_NODES = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "patch", "create"]}]
LABELS_NAMESPACES = [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "patch"]}]


@pytest.fixture(scope="module", autouse=True)
def _accounts(kubectl: Kubectl) -> Iterator[None]:
    """Give users of these tests their rights: tenants, those who may lower levels, those who write nodes."""
    users = {
        "tenant": TENANT_RULES + LABELS_NAMESPACES,
        "officer": TENANT_RULES + LABELS_NAMESPACES + DECLASSIFIES,
        "labeller": LABELS_NODES,
        "clearer": LABELS_NODES + CLEARS,
    }
    roles = listed([one for user, rules in users.items() for one in role(user, rules)])
    kubectl("apply", "--server-side", "--filename=-", manifest=roles)
    with connect(kubectl.kubeconfig) as api:
        for user, rules in users.items():
            until_granted(api, user, rules[-1])
    yield
    kubectl("delete", "--wait=false", "--filename=-", manifest=roles)


def until_granted(api: Connection, user: str, rule: Document) -> None:
    """Wait until the API server has heard of a rule."""
    asked = {key: rule[of][0] for key, of in (("group", "apiGroups"), ("resource", "resources"))}
    review = {
        "apiVersion": ACCESS_REVIEWS.api_version,
        "kind": ACCESS_REVIEWS.kind,
        "spec": {"user": user, "resourceAttributes": {**asked, "verb": rule["verbs"][0]}},
    }
    end = time.monotonic() + LIMIT_SECONDS
    while not api.request("POST", ACCESS_REVIEWS.path(), review)["status"]["allowed"]:
        assert time.monotonic() < end, f"{user} has no rights"
        time.sleep(0.02)


def role(user: str, rules: list[dict[str, list[str]]]) -> list[Document]:
    name, group = f"test-policies-{user}", "rbac.authorization.k8s.io"
    return [
        {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
        },
    ]


@pytest.fixture
def tenant(kubectl: Kubectl) -> Kubectl:
    """Speak as somebody who may do much in namespaces, and label them."""
    return kubectl.as_user("tenant", "system:authenticated")


@pytest.fixture
def officer(kubectl: Kubectl) -> Kubectl:
    """Speak as a tenant who may declassify."""
    return kubectl.as_user("officer", "system:authenticated")


@pytest.fixture
def replicaset_controller(kubectl: Kubectl) -> Kubectl:
    """Speak as who makes the pods of models."""
    return kubectl.as_account("kube-system", "replicaset-controller")


@pytest.fixture
def kubelet(kubectl: Kubectl, node: str) -> Kubectl:
    """Speak as the kubelet of a node."""
    return kubectl.as_user(f"system:node:{node}", "system:nodes", "system:authenticated")


@pytest.fixture
def node(kubectl: Kubectl, namespace: str) -> Iterator[str]:
    """Make a node of this test's own."""
    name = f"{namespace}-a"
    kubectl("create", "--filename=-", manifest=simulated_node(name))
    yield name
    kubectl("delete", "node", name, "--wait=false")
