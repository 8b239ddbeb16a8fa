"""The facts of a node, whatever its labels look like."""

from decimal import Decimal

import pytest
from tests.support.live import EARLIER, NOW, READY, SETTINGS, facts_of, make_live_node

from fogline.api import Billing, DataSensitivity, Tier
from fogline.config import Settings
from fogline.observe import to_node
from fogline.snapshot import Taint

CLEARANCE = "fogline.node-restriction.kubernetes.io/clearance"


def test_a_node_without_labels_is_a_free_cloud_node_for_public_data_at_an_unknown_distance() -> None:
    node = facts_of({}, "lonely")
    assert (node.tier, node.billing, node.cost_per_hour) == (Tier.CLOUD, Billing.NODE, Decimal(0))
    assert node.clearance is DataSensitivity.PUBLIC
    assert (node.zone, node.region, node.architecture) == ("lonely", None, "")
    assert node.accelerator_type is None
    assert (node.latency_milliseconds, node.client_site_latency_milliseconds) == (None, {})


def test_every_label_is_read() -> None:
    node = facts_of(
        {
            "fogline.dev/tier": "Edge",
            "fogline.dev/cost-per-hour": "0.25",
            "fogline.dev/billing": "Node",
            "fogline.dev/latency-ms": "12",
            "latency.fogline.dev/plant-a": "3",
            CLEARANCE: "Confidential",
            "topology.kubernetes.io/zone": "plant-a",
            "topology.kubernetes.io/region": "eu-west",
            "kubernetes.io/arch": "arm64",
            "nvidia.com/gpu.product": "NVIDIA-L4",
        }
    )
    assert (node.tier, node.billing, node.cost_per_hour) == (Tier.EDGE, Billing.NODE, Decimal("0.25"))
    assert (node.zone, node.region, node.architecture) == ("plant-a", "eu-west", "arm64")
    assert node.accelerator_type == "NVIDIA-L4"
    assert node.clearance is DataSensitivity.CONFIDENTIAL
    assert (node.latency_from("plant-a"), node.latency_from("plant-b"), node.latency_from(None)) == (
        3,
        12,
        12,
    )


@pytest.mark.parametrize("text", ["restricted", "RESTRICTED", "Secret", "", "3"])
def test_a_clearance_that_is_no_level_is_worth_no_more_than_none(text: str) -> None:
    assert facts_of({CLEARANCE: text}).clearance is DataSensitivity.PUBLIC


def test_a_clearance_under_a_label_that_a_kubelet_may_set_is_worth_nothing() -> None:
    assert facts_of({"fogline.dev/clearance": "Restricted"}).clearance is DataSensitivity.PUBLIC


@pytest.mark.parametrize("text", ["free", "-1", "1e30", "", "NaN", "1_0", "100001", "999999999"])
def test_a_price_that_means_nothing_counts_as_none(text: str) -> None:
    assert facts_of({"fogline.dev/cost-per-hour": text}).cost_per_hour == 0


@pytest.mark.parametrize("text", ["-5", "2.5", "", "near", "9" * 63, "600001"])
def test_a_latency_that_means_nothing_is_unknown(text: str) -> None:
    node = facts_of({"fogline.dev/latency-ms": text, "latency.fogline.dev/plant-a": text})
    assert (node.latency_milliseconds, node.client_site_latency_milliseconds) == (None, {})


def test_a_bad_latency_of_one_client_site_leaves_the_general_one() -> None:
    node = facts_of({"fogline.dev/latency-ms": "40", "latency.fogline.dev/plant-a": "soon"})
    assert node.latency_from("plant-a") == 40


@pytest.mark.parametrize(
    ("tier", "text", "billing"),
    [
        ("Cloud", "Share", Billing.SHARE),
        ("Edge", "Node", Billing.NODE),
        ("Cloud", "share", Billing.NODE),
        ("Edge", "", Billing.SHARE),
    ],
)
def test_billing_is_as_labelled_else_as_usual_in_the_tier(tier: str, text: str, billing: Billing) -> None:
    assert facts_of({"fogline.dev/tier": tier, "fogline.dev/billing": text}).billing is billing


def test_region_and_accelerator_are_read_from_the_labels_that_the_settings_name() -> None:
    settings = Settings(region_label="trusted/region", accelerator_label="example.com/gpu")
    labels = {"topology.kubernetes.io/region": "us-east", "trusted/region": "eu-west"}
    labels |= {"nvidia.com/gpu.product": "NVIDIA-L4", "example.com/gpu": "H100"}
    node = to_node(make_live_node(labels=labels), settings)
    assert (node.region, node.accelerator_type) == ("eu-west", "H100")
    bare = to_node(make_live_node(labels={}), settings)
    assert (bare.region, bare.accelerator_type) == (None, None)


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [
        ([READY], True),
        ([{"type": "MemoryPressure", "status": "True"}, READY], True),
        ([{"type": "Ready", "status": "False"}], False),
        ([{"type": "Ready", "status": "Unknown"}], False),
        ([{"type": "MemoryPressure", "status": "True"}], False),
        ([], False),
    ],
)
def test_a_node_is_ready_only_when_it_says_so(conditions: list[dict[str, str]], ready: bool) -> None:  # noqa: FBT001  a column of the table
    assert to_node(make_live_node(status={"conditions": conditions}), SETTINGS).ready is ready


def test_only_taints_that_keep_pods_away_are_kept_and_a_cordon_is_seen() -> None:
    taints = [
        {"key": "gpu", "value": "yes", "effect": "NoSchedule"},
        {"key": "soft", "effect": "PreferNoSchedule"},
        {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"},
    ]
    node = to_node(make_live_node(spec={"taints": taints, "unschedulable": True}), SETTINGS)
    assert node.cordoned
    assert node.taints == (
        Taint("gpu", "yes", "NoSchedule"),
        Taint("node.kubernetes.io/unreachable", "", "NoExecute"),
    )


def test_a_node_tells_since_when_it_is_cordoned_and_since_when_it_is_ready_or_not() -> None:
    taint = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule", "timeAdded": EARLIER}
    lost = {"type": "Ready", "status": "Unknown", "lastTransitionTime": EARLIER}
    live = make_live_node(spec={"taints": [taint], "unschedulable": True}, status={"conditions": [lost]})
    earlier = NOW.replace(minute=0, second=0)
    node = to_node(live, SETTINGS)
    assert (node.cordoned_since, node.readiness_since) == (earlier, earlier)
    assert to_node(make_live_node(spec={"taints": [taint]}), SETTINGS).cordoned_since is None


def test_room_is_what_is_allocatable_and_none_when_the_kubelet_has_not_said() -> None:
    assert facts_of({}).allocatable == {"cpu": 4000, "memory": 8 * 1024**3, "pods": 110}
    assert to_node(make_live_node(status={}), SETTINGS).allocatable == {}
