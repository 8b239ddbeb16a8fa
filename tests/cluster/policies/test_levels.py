"""The data sensitivity of models, and the floor of namespaces, under the admission policies."""

import json

from tests.support.builders import make_variant
from tests.support.kubectl import Kubectl
from tests.support.policies import FLOOR, TRY, demand, pod, pod_spec, refusal, term, workload

from fogline.cluster.documents import Document

CLEARED = term(demand("Confidential", "Restricted"))


def model(level: str | None, name: str = "digits") -> Document:
    placement = {} if level is None else {"placement": {"dataSensitivity": level}}
    return {
        "apiVersion": "fogline.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": {"variants": [make_variant("cloud", "Cloud")], **placement},
    }


# V6: data sensitivity of a ModelDeployment


def test_to_raise_the_sensitivity_is_free_and_to_lower_it_is_not(
    tenant: Kubectl, officer: Kubectl, namespace: str
) -> None:
    there = f"--namespace={namespace}"

    def patch(level: str | None) -> tuple[str, ...]:
        change = {"spec": {"placement": None if level is None else {"dataSensitivity": level}}}
        return ("patch", there, "mdep", "digits", "--type=merge", f"--patch={json.dumps(change)}")

    tenant("create", there, "--filename=-", manifest=model("Internal"))
    tenant(*patch("Restricted"))
    for lower in ("Confidential", "Public", None):
        answer = tenant.refused(*patch(lower))
        assert refusal(answer) == "fogline-model-sensitivity"
        assert "needs the verb declassify on modeldeployments.fogline.dev, which tenant lacks" in answer
    tenant("patch", there, "mdep", "digits", "--type=merge", '--patch={"spec": {"replicas": 2}}')
    officer(*patch("Internal"))
    tenant("delete", there, "mdep", "digits")


# V7: the floor of a namespace


def test_the_floor_of_a_namespace_is_lowered_only_with_the_right_to_declassify(
    tenant: Kubectl, officer: Kubectl, namespace: str
) -> None:
    label = ("label", "--overwrite", "namespace", namespace)
    assert refusal(tenant.refused(*label, f"{FLOOR}=TopSecret")) == "fogline-namespace-floor"
    tenant(*label, f"{FLOOR}=Internal")
    tenant(*label, f"{FLOOR}=Restricted")
    for lower in (f"{FLOOR}=Confidential", f"{FLOOR}-"):
        answer = tenant.refused(*label, lower)
        assert refusal(answer) == "fogline-namespace-floor"
        assert "needs the verb declassify" in answer
    tenant(*label, "example.com/other=yes")
    officer(*label, f"{FLOOR}=Confidential")
    officer(*label, f"{FLOOR}-")


def test_below_the_floor_no_model_is_made_or_changed(
    tenant: Kubectl, kubectl: Kubectl, namespace: str
) -> None:
    there = f"--namespace={namespace}"
    tenant("create", there, "--filename=-", manifest=model("Internal", "before"))
    tenant("label", "namespace", namespace, f"{FLOOR}=Confidential")
    for level in ("Internal", None):
        answer = tenant.refused(*TRY, there, manifest=model(level))
        assert refusal(answer) == "fogline-floor-models"
        assert "is below Confidential, the least that namespace" in answer
    tenant(*TRY, there, manifest=model("Confidential"))
    patch = ("patch", there, "mdep", "before", "--type=merge")
    assert refusal(tenant.refused(*patch, '--patch={"spec": {"replicas": 2}}')) == "fogline-floor-models"
    tenant("label", there, "mdep", "before", "example.com/other=yes")
    kubectl("delete", there, "mdep", "before", "--cascade=foreground")


def test_in_a_namespace_with_a_floor_every_pod_demands_the_clearance(tenant: Kubectl, namespace: str) -> None:
    tenant("label", "namespace", namespace, f"{FLOOR}=Confidential")
    there = f"--namespace={namespace}"
    for bad in (pod_spec(), pod_spec(CLEARED, nodeName="a"), pod_spec(term(demand("Internal")))):
        answer = tenant.refused(*TRY, there, manifest=pod("p", {"app": "any"}, bad))
        assert refusal(answer) == "fogline-floor-pods"
    tenant(*TRY, there, manifest=pod("p", {"app": "any"}, pod_spec(CLEARED)))


def test_a_template_below_the_floor_is_warned_about(tenant: Kubectl, namespace: str) -> None:
    tenant("label", "namespace", namespace, f"{FLOOR}=Internal")
    document = workload("Deployment", "d", {"app": "any"}, pod_spec())
    _, told = tenant.answer(*TRY, f"--namespace={namespace}", manifest=document)
    assert "clearance In levels at or above Internal" in told
