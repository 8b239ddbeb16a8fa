"""Required node affinity and the placement decision must agree about every node."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.builders import make_model, make_variant
from tests.support.live import SETTINGS, facts_of, pinned, pod_document, stored
from tests.support.node_selector import accepts

from fogline import names
from fogline.api import ModelDeployment, Tier
from fogline.objects import deployment
from fogline.objects.affinity import tier_terms
from fogline.observe.nodes import tier_of
from fogline.placement import Usage, demand_of, policy_refusals
from fogline.snapshot import ReplicaOf, Snapshot

LABELS = st.fixed_dictionaries(
    {},
    optional={
        names.TIER_LABEL: st.sampled_from(["Cloud", "Edge", "cloud", "EDGE", "", "Fog"]),
        "node.kubernetes.io/instance-type": st.sampled_from(["k3s", "K3S", "m5.large", ""]),
        "node-role.kubernetes.io/edge": st.sampled_from(["", "true", "false"]),
        "openyurt.io/is-edge-worker": st.sampled_from(["true", "false", ""]),
        names.CLEARANCE_LABEL: st.sampled_from(
            ["Public", "Internal", "Confidential", "Restricted", "restricted", "Secret", ""]
        ),
        names.REGION_LABEL: st.sampled_from(["eu-west", "us-east", "EU-WEST", ""]),
        names.ACCELERATOR_LABEL: st.sampled_from(["NVIDIA-L4", "NVIDIA-A100", "nvidia-l4", ""]),
        names.ARCHITECTURE_LABEL: st.sampled_from(["amd64", "arm64", "riscv64", ""]),
        "disk": st.sampled_from(["ssd", "hdd", ""]),
    },
)


@st.composite
def models(draw: st.DrawFn) -> ModelDeployment:
    """Draw a ModelDeployment of one variant with rules about labels."""
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "architectures": st.sampled_from([["amd64"], ["arm64"]]),
        "image": st.just("registry.example/server:1"),
        "acceleratorTypes": st.sampled_from([["NVIDIA-L4"], ["NVIDIA-A100", "NVIDIA-L4"]]),
    }
    made_for: Any = draw(st.fixed_dictionaries({}, optional=kinds))
    rules: dict[str, st.SearchStrategy[Any]] = {
        "dataSensitivity": st.sampled_from(["Public", "Internal", "Confidential", "Restricted"]),
        "allowedRegions": st.sampled_from([["eu-west"], ["us-east", "eu-west"]]),
        "nodeSelector": st.sampled_from([{"disk": "ssd"}, {"disk": ""}, {"disk": "ssd", "rack": "1"}]),
    }
    return stored(
        make_model(
            variants=[make_variant("v", draw(st.sampled_from(["Cloud", "Edge"])), **made_for)],
            placement=draw(st.fixed_dictionaries({}, optional=rules)),
        )
    )


@settings(max_examples=600)
@given(LABELS)
def test_a_node_is_in_just_the_tier_whose_terms_accept_it(labels: dict[str, str]) -> None:
    def accepted_as(tier: Tier) -> bool:
        terms = [{"matchExpressions": expressions} for expressions in tier_terms(tier)]
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        return accepts({"nodeAffinity": required}, labels)

    assert [tier for tier in Tier if accepted_as(tier)] == [tier_of(labels)]


@settings(max_examples=600)
@given(LABELS, models())
def test_the_scheduler_would_accept_a_node_just_when_the_rules_of_the_decision_do(
    labels: dict[str, str], model: ModelDeployment
) -> None:
    spec = deployment(model, model.spec.variants[0], 1, SETTINGS)["spec"]["template"]["spec"]
    node = facts_of(labels)
    demand, replica = demand_of(model), ReplicaOf(demand_of(model).model, "v", None)
    refused = policy_refusals(demand, replica, node, Usage(Snapshot((node,))))
    assert accepts(spec["affinity"], labels) == (not refused), refused


@given(LABELS, models())
def test_a_pinned_pod_runs_on_its_node_or_nowhere(labels: dict[str, str], model: ModelDeployment) -> None:
    document = pod_document(model, "p", "v")
    affinity = pinned(document, "node-7")["spec"]["affinity"]
    before = accepts(document["spec"]["affinity"], labels)
    assert accepts(affinity, labels, "node-7") == before
    assert not accepts(affinity, labels, "node-8")
