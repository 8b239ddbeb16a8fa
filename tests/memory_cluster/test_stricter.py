"""A model whose data become more sensitive leaves a tier without a cleared node, and goes on serving."""

import pytest
from dev.cluster import simulated_node
from tests.support.builders import make_model, make_variant
from tests.support.changes import Change
from tests.support.memory_cluster import MemoryCluster, MemoryOperator
from tests.support.memory_cluster.pods import is_alive, is_ready

from fogline.cluster.documents import Document
from fogline.cluster.kinds import PODS
from fogline.names import CLEARANCE_LABEL, COST_LABEL, TIER_LABEL, ModelKey

KEY = ModelKey("default", "digits")
LOAD_SECONDS = 4.0


def serving(cluster: MemoryCluster) -> list[Document]:
    return [pod for pod in cluster.pods() if is_alive(pod) and is_ready(pod)]


@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize(("before", "after"), [("Cloud", "Edge"), ("Edge", "Cloud")])
def test_replicas_go_to_the_other_tier_as_soon_as_no_node_of_theirs_is_cleared(
    before: str, after: str, replicas: int
) -> None:
    cluster = MemoryCluster(load_seconds=lambda _: LOAD_SECONDS)
    for tier, cost, clearance in ((before, "0.1", "Confidential"), (after, "9", "Restricted")):
        for number in range(3):
            labels = {TIER_LABEL: tier, COST_LABEL: cost, CLEARANCE_LABEL: clearance}
            cluster.add_node(simulated_node(f"{tier.lower()}-{number}", labels))
    operator = MemoryOperator(cluster.store, cluster.timeline)
    variants = [make_variant(tier.lower(), tier) for tier in ("Cloud", "Edge")]
    cluster.add_model(make_model(replicas=replicas, variants=variants))
    cluster.run_for(20)
    assert {pod["spec"]["nodeName"] for pod in serving(cluster)} == {f"{before.lower()}-0"}
    least = replicas

    def watch(change: Change) -> None:
        nonlocal least
        if change.kind is PODS:
            least = min(least, len(serving(cluster)))

    cluster.store.watch(watch)
    cluster.edit_model(KEY, placement={"dataSensitivity": "Restricted"})
    cluster.run_for(4 * LOAD_SECONDS)
    assert [pod["spec"]["nodeName"] for pod in cluster.pods()] == [f"{after.lower()}-0"] * replicas
    assert len(serving(cluster)) == least == replicas
    assert operator.view.victims() == ()
