"""Who asks the API server in the tests of the admission policies."""

from collections.abc import Iterator

import pytest
from dev.cluster import simulated_node
from tests.support.kubectl import Kubectl
from tests.support.policies import listed

from fogline.cluster.documents import Document

TENANT_RULES = [
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
    yield
    kubectl("delete", "--wait=false", "--filename=-", manifest=roles)


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
