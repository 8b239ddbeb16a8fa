"""The rights that the chart grants: no more than the table of what our processes do."""

from collections.abc import Iterator

import pytest
from tests.support.chart import Document, named, rendered
from tests.support.rights import (
    COLLECTOR,
    JANITOR,
    OPERATOR,
    UNINSTALL,
    WITH_KUBEFLOW_TRAINER,
    Right,
    granted,
)

from fogline.names import TRAINER_GROUP

READS = {"get", "list", "watch"}
PLACES = {"rbac": {"namespaces": ["models", "fogline-system"]}}


def rules(values: Document | None = None) -> Iterator[tuple[Document, Document]]:
    for document in rendered(values):
        if document["kind"] in {"ClusterRole", "Role"}:
            yield from ((document, rule) for rule in document["rules"])


@pytest.mark.parametrize(
    "values",
    [None, PLACES, WITH_KUBEFLOW_TRAINER],
    ids=["everywhere", "some-namespaces", "with-kubeflow-trainer"],
)
def test_nothing_dangerous_is_granted(values: Document | None) -> None:
    for _, rule in rules(values):
        assert "*" not in {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}
        assert not {"escalate", "bind", "impersonate"} & set(rule["verbs"])
        forbidden = {"secrets", "serviceaccounts", "serviceaccounts/token", "pods/exec", "nodes/proxy"}
        assert not forbidden & set(rule["resources"])
        if {"rbac.authorization.k8s.io", "admissionregistration.k8s.io"} & set(rule["apiGroups"]):
            assert set(rule["verbs"]) <= READS
        if "nodes" in rule["resources"]:
            assert set(rule["verbs"]) <= READS


def test_with_a_list_of_namespaces_nothing_is_written_elsewhere() -> None:
    for role, rule in rules(PLACES):
        if role["kind"] == "ClusterRole" and role["metadata"]["name"] not in {"fogline-view", "fogline-edit"}:
            assert set(rule["verbs"]) <= READS or rule["resources"] == ["nodeprofiles/status"]


def test_rights_to_kubeflow_trainer_are_granted_to_the_operator_where_it_is_used_and_nowhere_else() -> None:
    def of_trainer(account: str, values: Document | None = None) -> set[Right]:
        return {right for right in granted(account, values) if right.group == TRAINER_GROUP}

    others = {JANITOR, COLLECTOR, UNINSTALL}
    assert of_trainer(OPERATOR) == set()
    assert of_trainer(OPERATOR, dict(WITH_KUBEFLOW_TRAINER))
    assert not any(of_trainer(account, dict(WITH_KUBEFLOW_TRAINER)) for account in others)


@pytest.mark.parametrize("process", ["operator", "janitor"])
def test_with_a_list_of_namespaces_the_same_is_granted_there(process: str) -> None:
    def flat(document: Document) -> set[tuple[str, str, str]]:
        return {
            (group, resource, verb)
            for rule in document["rules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }

    name = f"fogline-{process}"
    everywhere = flat(named(rendered(), "ClusterRole", name))
    documents = rendered(PLACES)
    in_the_cluster = flat(named(documents, "ClusterRole", name))
    for namespace in PLACES["rbac"]["namespaces"]:
        in_one = flat(named(documents, "Role", f"{name}-models", namespace))
        assert in_one | in_the_cluster == everywhere
        binding = named(documents, "RoleBinding", f"{name}-models", namespace)
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "name": name, "namespace": "fogline-system"}
        ]
        assert binding["roleRef"]["name"] == f"{name}-models"


def test_who_may_view_or_edit_a_namespace_may_do_so_with_models_but_not_with_facts_about_nodes() -> None:
    documents = rendered()
    view, edit = (named(documents, "ClusterRole", f"fogline-{what}") for what in ("view", "edit"))
    aggregate = "rbac.authorization.k8s.io/aggregate-to-"
    assert view["metadata"]["labels"][f"{aggregate}view"] == "true"
    assert edit["metadata"]["labels"][f"{aggregate}edit"] == "true"
    assert edit["metadata"]["labels"][f"{aggregate}admin"] == "true"
    assert {verb for rule in view["rules"] for verb in rule["verbs"]} == READS
    assert "nodeprofiles" not in {one for rule in edit["rules"] for one in rule["resources"]}
    off = rendered({"rbac": {"aggregate": False}})
    assert not any(aggregate in str(document["metadata"].get("labels")) for document in off)
