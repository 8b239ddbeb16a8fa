"""The operator crashes after each of its writes in turn: the end is the same as without.

The oracle is a run without a crash (as in Sieve, OSDI 2022). What the API server adds to this is tried in
`tests/cluster/test_operator_crashes.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from dev.cluster import simulated_node
from tests.support.builders import make_model, make_variant
from tests.support.memory_cluster import MemoryCluster, MemoryOperator
from tests.support.memory_cluster.pods import is_alive

from fogline.cluster.documents import Document
from fogline.cluster.kinds import DEPLOYMENTS
from fogline.names import CLEARANCE_LABEL, MOVE_PREFIX, REPLACES_ANNOTATION, ModelKey

CLOUD, EDGE = make_variant("cloud", "Cloud"), make_variant("edge", "Edge")
MOST_WRITES = 80
"""More would mean that the operator never settles."""
KEY = ModelKey("default", "digits")
_OF_ONE_RUN = ("lastTransitionTime", "since", "lastDecision", "startedAt", "seconds", "id", "replica")


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to one model while the operator crashes."""

    works: tuple[Callable[[MemoryCluster], None], ...]
    """Done one after the other, some seconds apart; the operator starts after the first."""
    spec: Mapping[str, Any]
    """Of the model, which serves before."""


def cordon(cluster: MemoryCluster) -> None:
    """Take new pods off the node that is chosen first."""
    cluster.cordon("a")


def uncordon(cluster: MemoryCluster) -> None:
    """Let them on it again."""
    cluster.cordon("a", unschedulable=False)


def roll_out(cluster: MemoryCluster) -> None:
    """Change the template."""
    bigger = make_variant("cloud", "Cloud", requests={"cpu": "2", "memory": "1Gi"})
    cluster.edit_model(KEY, variants=[bigger, EDGE])


def leave_the_cloud(cluster: MemoryCluster) -> None:
    """Take a variant away."""
    cluster.edit_model(KEY, variants=[EDGE], replicas=3)


def scale(replicas: int) -> Callable[[MemoryCluster], None]:
    """Ask for another number of replicas."""
    return lambda cluster: cluster.edit_model(KEY, replicas=replicas)


def take_the_clearance(cluster: MemoryCluster) -> None:
    """Leave no node that may hold the data in the cloud."""
    for node in ("a", "b"):
        cluster.label(node, {CLEARANCE_LABEL: None})


def cut_the_link(cluster: MemoryCluster) -> None:
    """Let the edge node be cut off from now on."""
    cluster.kubelets.cut("e")


def cut_the_link_for_a_while(cluster: MemoryCluster) -> None:
    """Cut the edge node off until its replica has a stand-in."""
    cut_the_link(cluster)
    cluster.timeline.later(80, lambda: cluster.kubelets.restore("e"))


def drain_in_vain(cluster: MemoryCluster) -> None:
    """Drain the only node that may be chosen, and uncordon it a minute later."""
    cluster.cordon("b")
    cluster.drain("a", limit_seconds=50)
    cluster.timeline.later(60, lambda: cluster.cordon("a", unschedulable=False))


AT_THE_EDGE: Mapping[str, Any] = {
    "replicas": 1,
    "placement": {"edge": {"minReplicas": 1}},
    "disruption": {"replaceAfterSeconds": 5},
    "rebalancing": {"cooldownSeconds": 10},
}
ONE: Mapping[str, Any] = {"replicas": 1}
STORIES = {
    "a move": Story((cordon,), ONE),
    "a move of two replicas": Story((cordon,), {"replicas": 2}),
    "an abort": Story((cordon, uncordon), ONE),
    "a rollout during a move": Story((cordon, roll_out), {"replicas": 2}),
    "a variant leaves and replicas are added": Story((leave_the_cloud,), {"replicas": 2}),
    "fewer replicas during a move": Story((cordon, scale(1)), {"replicas": 2}),
    "more replicas during a move": Story((cordon, scale(3)), {"replicas": 2}),
    "the clearance is lost": Story(
        (take_the_clearance,), {"replicas": 1, "placement": {"dataSensitivity": "Internal"}}
    ),
    "a cut link": Story((cut_the_link,), AT_THE_EDGE),
    "a cut link and its return": Story((cut_the_link_for_a_while,), AT_THE_EDGE),
    "a drain without another place": Story(
        (drain_in_vain,),
        {
            "replicas": 2,
            "placement": {"edge": {"maxReplicas": 0}},
            "rebalancing": {"readyTimeoutSeconds": 10},
        },
    ),
    "an eviction": Story(
        (cordon,),
        {"replicas": 2, "rebalancing": {"strategy": "Evict"}, "disruption": {"maxUnavailable": 1}},
    ),
}


def run(story: Story, crash_after: int | None) -> tuple[Mapping[str, Any], bool]:
    """Tell a story; returns its end, and whether the operator crashed."""
    cluster = MemoryCluster(load_seconds=lambda _: 6.0)
    for name, tier, cost in (("a", "Cloud", "0.1"), ("b", "Cloud", "1"), ("e", "Edge", "9")):
        labels = {"fogline.dev/tier": tier, "fogline.dev/cost-per-hour": cost, CLEARANCE_LABEL: "Restricted"}
        cluster.add_node(simulated_node(name, labels))
    first = MemoryOperator(cluster.store, cluster.timeline)
    cluster.add_model(make_model(variants=[CLOUD, EDGE], **story.spec))
    cluster.run_for(20)
    first.crash()
    operator: MemoryOperator | None = None
    has_crashed = False
    for work in story.works:
        work(cluster)
        operator = operator or MemoryOperator(cluster.store, cluster.timeline)
        if crash_after and not has_crashed:
            operator.crash_after(crash_after)
        for _ in range(30):
            cluster.run_for(0.1)
            if operator.has_crashed:
                has_crashed, operator = True, MemoryOperator(cluster.store, cluster.timeline)
    for _ in range(1500):
        cluster.run_for(0.1)
        if operator and operator.has_crashed:
            has_crashed, operator = True, MemoryOperator(cluster.store, cluster.timeline)
    return end_of(cluster), has_crashed


def end_of(cluster: MemoryCluster) -> Mapping[str, Any]:
    """Describe the model, its pods and its Deployments; times and names of pods are left out."""
    pods = [pod for pod in cluster.pods() if is_alive(pod)]
    return {
        "pods": sorted(str((pod["spec"].get("nodeName"), marks(pod))) for pod in pods),
        "deployments": {
            one["metadata"]["name"]: one["spec"]["replicas"] for one in cluster.store.all(DEPLOYMENTS)
        },
        "status": lasting(cluster.model(KEY)["status"]),
    }


def marks(pod: Document) -> list[str]:
    """List the marks of moves that run."""
    return [
        note
        for note in pod["metadata"].get("annotations", {})
        if note.startswith(MOVE_PREFIX) or note == REPLACES_ANNOTATION
    ]


def lasting(value: Any) -> Any:
    """Leave out what differs from run to run."""
    if isinstance(value, dict):
        return {key: lasting(one) for key, one in value.items() if key not in _OF_ONE_RUN}
    return [lasting(one) for one in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_the_end_is_the_same_when_the_operator_crashes_after_any_write(story: Story) -> None:
    reference, _ = run(story, None)
    assert not any(map("fogline".__contains__, reference["pods"]))
    for write in range(1, MOST_WRITES):
        end, has_crashed = run(story, write)
        assert end == reference, f"crashed after write {write}"
        if not has_crashed:
            assert write > 5, "the operator was not at work"
            return
    raise AssertionError(f"the operator writes more than {MOST_WRITES} times")
