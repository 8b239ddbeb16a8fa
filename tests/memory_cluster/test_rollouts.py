"""New versions on the cluster in memory: a canary first, then all, or back; and never a replica missing."""

from typing import Any

import pytest
from dev.cluster import simulated_node
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from tests.memory_cluster.test_any_change import CLOUD, EDGE, KEY, Story, a_node, happens
from tests.support.builders import make_model, make_variant
from tests.support.changes import Change
from tests.support.memory_cluster import MemoryCluster, MemoryOperator
from tests.support.memory_cluster.pods import is_alive, is_ready

from fogline.api import MoveStrategy, parse
from fogline.cluster.documents import Document
from fogline.cluster.kinds import PODS

BROKEN = "s3://models/digits/13"
ROLLOUT = {"canaryPercent": 25, "promoteAfterSeconds": 60}
NEVER = 10_000.0


def load_seconds(pod: Document) -> float:
    """Tell how long a pod loads; one version never comes up."""
    return NEVER if version_of(pod) == BROKEN else 4.0


def version_of(pod: Document) -> str:
    """Give the URI that a pod fetches its model from."""
    (uri,) = (one for one in pod["spec"]["initContainers"][0]["args"] if one.startswith("--uri="))
    return str(uri.removeprefix("--uri="))


def cloud(version: int | str) -> Any:
    """Make a variant that serves a version."""
    uri = version if isinstance(version, str) else f"s3://models/digits/{version}"
    return make_variant("cloud", "Cloud", artifact={"uri": uri})


class Serving:
    """A model with four replicas on four nodes, and the least that was Ready at any time."""

    def __init__(self, **spec: Any) -> None:
        self.cluster = MemoryCluster(load_seconds=load_seconds)
        for name in ("a", "b", "c", "d"):
            labels = {"fogline.dev/tier": "Cloud", "fogline.dev/cost-per-hour": "1"}
            self.cluster.add_node(simulated_node(name, labels))
        self.operator = MemoryOperator(self.cluster.store, self.cluster.timeline)
        rules: dict[str, Any] = {"replicas": 4, "rollout": ROLLOUT, **spec}
        self.cluster.add_model(make_model(variants=[cloud(1)], **rules))
        self.cluster.run_for(20)
        assert self.versions() == {"1": 4}
        self.least_ready = 4
        self.most_new = 0
        self.cluster.store.watch(self._watch)

    def _watch(self, change: Change) -> None:
        if change.kind is PODS:
            self.least_ready = min(self.least_ready, sum(self.versions().values()))
            self.most_new = max(self.most_new, self.versions().get("2", 0))

    def versions(self) -> dict[str, int]:
        """Count the replicas that serve each version."""
        found: dict[str, int] = {}
        for pod in self.cluster.pods():
            if is_ready(pod) and is_alive(pod):
                number = version_of(pod).rpartition("/")[2]
                found[number] = found.get(number, 0) + 1
        return found

    def roll_out(self, version: int | str, seconds: float) -> None:
        """Change the spec, and let time pass."""
        self.cluster.edit_model(KEY, variants=[cloud(version)])
        self.cluster.run_for(seconds)

    def condition(self, kind: str) -> tuple[str, str]:
        """Give status and reason of a condition."""
        found = next(one for one in self.cluster.model(KEY)["status"]["conditions"] if one["type"] == kind)
        return found["status"], found["reason"]


def test_a_quarter_serves_the_new_version_until_it_is_promoted() -> None:
    serving = Serving()
    serving.roll_out(2, 40)
    assert serving.versions() == {"1": 3, "2": 1}
    assert serving.condition("RolledOut") == ("False", "Canary")
    assert serving.condition("Ready") == ("True", "AllReplicasReady")
    assert serving.most_new == 1
    serving.cluster.run_for(90)
    assert serving.versions() == {"2": 4}
    assert serving.condition("RolledOut") == ("True", "OneVersion")
    assert "rollouts" not in serving.cluster.model(KEY)["status"]
    assert serving.least_ready == 4


def test_a_version_that_does_not_come_up_goes_and_the_old_one_is_never_missing() -> None:
    serving = Serving(rebalancing={"readyTimeoutSeconds": 30})
    serving.roll_out(BROKEN, 120)
    assert serving.versions() == {"1": 4}
    assert serving.condition("RolledOut") == ("False", "RolledBack")
    assert serving.condition("Ready") == ("True", "AllReplicasReady")
    assert len(serving.cluster.pods()) == 4
    assert serving.least_ready == 4


def test_a_better_version_after_a_bad_one_is_tried_in_its_turn() -> None:
    serving = Serving(rebalancing={"readyTimeoutSeconds": 30})
    serving.roll_out(BROKEN, 120)
    serving.roll_out(2, 40)
    assert serving.versions() == {"1": 3, "2": 1}
    serving.cluster.run_for(90)
    assert serving.versions() == {"2": 4}


def test_a_node_that_is_drained_meanwhile_is_left_and_the_canary_begins_anew() -> None:
    serving = Serving(rebalancing={"cooldownSeconds": 0})
    serving.roll_out(2, 30)
    node = next(pod["spec"]["nodeName"] for pod in serving.cluster.pods() if version_of(pod).endswith("/1"))
    serving.cluster.drain(node, limit_seconds=100)
    serving.cluster.run_for(3)
    assert serving.condition("RolledOut") == ("False", "Interrupted")
    serving.cluster.run_for(200)
    assert serving.versions() == {"2": 4}
    assert node not in {pod["spec"]["nodeName"] for pod in serving.cluster.pods()}
    assert serving.least_ready == 4


@pytest.mark.parametrize("replicas", [2, 6])
def test_a_model_that_is_scaled_meanwhile_has_all_its_replicas(replicas: int) -> None:
    serving = Serving()
    serving.roll_out(2, 30)
    serving.cluster.edit_model(KEY, replicas=replicas)
    serving.cluster.run_for(20)
    assert sum(serving.versions().values()) == replicas
    serving.cluster.run_for(120)
    assert serving.versions() == {"2": replicas}
    assert serving.least_ready >= min(replicas, 4)


@pytest.mark.parametrize("writes", range(1, 12))
def test_an_operator_that_dies_after_any_write_leaves_the_rest_to_the_next(writes: int) -> None:
    serving = Serving()
    serving.operator.crash_after(writes)
    serving.roll_out(2, 20)
    if not serving.operator.has_crashed:
        serving.operator.crash()
    MemoryOperator(serving.cluster.store, serving.cluster.timeline)
    serving.cluster.run_for(40)
    assert serving.most_new <= 1
    serving.cluster.run_for(120)
    assert serving.versions() == {"2": 4}
    assert serving.least_ready == 4


def test_edge_nodes_begin_when_their_window_opens_and_go_one_after_another() -> None:
    cluster = MemoryCluster(load_seconds=load_seconds)
    for name in ("a", "b", "c"):
        cluster.add_node(simulated_node(name, {"fogline.dev/tier": "Edge"}))
    MemoryOperator(cluster.store, cluster.timeline)
    window = {"schedule": "10 0 * * *", "durationSeconds": 600}
    rollout = {"edge": {"windows": [window]}}
    cluster.add_model(make_model(variants=[edge(1)], replicas=3, rollout=rollout))
    cluster.run_for(20)
    loading: list[int] = []
    cluster.store.watch(lambda _: loading.append(len(fetching(cluster))))
    cluster.edit_model(KEY, variants=[edge(2)])
    cluster.run_for(570)
    assert served(cluster) == ["1", "1", "1"], "ten minutes after midnight are not over"
    conditions = cluster.model(KEY)["status"]["conditions"]
    assert next(one["reason"] for one in conditions if one["type"] == "RolledOut") == "WaitingForWindow"
    cluster.run_for(60)
    assert served(cluster) == ["2", "2", "2"]
    assert max(loading) == 1


def edge(version: int) -> Any:
    """Make an edge variant that serves a version."""
    return make_variant("edge", "Edge", artifact={"uri": f"s3://models/digits/{version}"})


def served(cluster: MemoryCluster) -> list[str]:
    """List the version that each Ready replica serves."""
    pods = [pod for pod in cluster.pods() if is_ready(pod) and is_alive(pod)]
    return sorted(version_of(pod).rpartition("/")[2] for pod in pods)


def fetching(cluster: MemoryCluster) -> list[Document]:
    """Give the pods that are on a node and not Ready yet."""
    return [
        pod for pod in cluster.pods() if pod["spec"].get("nodeName") and not is_ready(pod) and is_alive(pod)
    ]


class Versions(Story):
    """New versions come at any time, some of which never come up."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster = MemoryCluster(load_seconds=load_seconds)

    @happens(percent=st.sampled_from([0, 30, 60]), seconds=st.sampled_from([1, 10]))
    def change_the_rules(self, percent: int, seconds: int) -> None:
        """Ask for another canary; where replicas are evicted there is none."""
        if parse(self.cluster.model(KEY)).spec.rebalancing.strategy is MoveStrategy.SURGE:
            rollout = {"canaryPercent": percent, "promoteAfterSeconds": seconds}
            self.cluster.edit_model(KEY, rollout=rollout)

    @happens(version=st.sampled_from([1, 2, 3, BROKEN]))
    def roll_out(self, version: int | str) -> None:
        """Let the cloud variant serve another version."""
        self.cluster.edit_model(KEY, variants=[cloud(version), EDGE])

    @happens(node=a_node)
    def lose_the_node(self, node: str) -> None:
        """Let a machine lose its power."""
        self.accident()
        self.cluster.kubelets.fail(node)

    @happens(node=a_node)
    def bring_the_node_back(self, node: str) -> None:
        """Let a machine be back."""
        self.cluster.kubelets.restore(node)

    def teardown(self) -> None:
        """Let the spec say a version that comes up: then all replicas serve it."""
        if not hasattr(self, "operator"):
            return
        self.cluster.edit_model(KEY, variants=[CLOUD, EDGE])
        super().teardown()

    def is_calm(self) -> bool:
        """Tell whether all is as the spec says, the version included."""
        wanted = {CLOUD["artifact"]["uri"], EDGE["artifact"]["uri"]}
        return super().is_calm() and {version_of(pod) for pod in self.cluster.pods()} <= wanted


TestVersions = Versions.TestCase
TestVersions.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
