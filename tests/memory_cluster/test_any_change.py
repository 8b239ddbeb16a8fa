"""Whatever happens, in whatever order: nobody goes too early because of us, and the end is as wanted.

Users, nodes and accidents act at random on the cluster in memory; a story that fails is told as short as
possible.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from dev.cluster import simulated_node
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.support.builders import make_model, make_variant
from tests.support.changes import Change, key_of
from tests.support.memory_cluster import MemoryCluster, MemoryOperator
from tests.support.memory_cluster.pods import condition, is_alive, is_ready

from fogline.api import DataSensitivity, parse
from fogline.cluster.documents import Document
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, NODES, PODS
from fogline.names import (
    CLEARANCE_LABEL,
    GATE,
    MOVE_PREFIX,
    MOVED_PREFIX,
    REPLACES_ANNOTATION,
    ModelKey,
)

KEY = ModelKey("default", "digits")
CLOUD, EDGE = make_variant("cloud", "Cloud"), make_variant("edge", "Edge")
BIGGER = make_variant("cloud", "Cloud", requests={"cpu": "1500m", "memory": "1Gi"})
NODES_AND_PRICES = {"a": ("Cloud", "0.1"), "b": ("Cloud", "1"), "c": ("Cloud", "2"), "e": ("Edge", "3")}
PATIENCE_SECONDS = 30
BLAME_SECONDS = 3.0
"""A pod that goes so soon after an accident was told to go before anybody could know of that."""

a_node = st.sampled_from(sorted(NODES_AND_PRICES))


def happens(**given: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """Make a rule, after which some time passes: a rule of its own for that is left out of many stories."""

    def rule_of(happen: Callable[..., None]) -> Any:
        @wraps(happen)
        def happen_and_wait(story: "Story", passing: float, **drawn: Any) -> None:
            happen(story, **drawn)
            story.wait(passing)

        any_rule: Any = rule  # its types know nothing of strategies that are passed on
        return any_rule(passing=st.sampled_from([0.3, 1.0, 3.0, 6.0]), **given)(happen_and_wait)

    return rule_of


class Story(RuleBasedStateMachine):
    """One model on four nodes, what people do to it on purpose, and what must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster = MemoryCluster(load_seconds=lambda _: 4.0)
        self.accident_at = -BLAME_SECONDS
        self.wanted: list[tuple[float, int]] = []
        """What must stay Ready, and from when on."""
        self.breaches: list[str] = []

    @initialize(replicas=st.integers(1, 3), way=st.sampled_from([("Surge", 0), ("Surge", 1), ("Evict", 1)]))
    def start(self, replicas: int, way: tuple[str, int]) -> None:
        """Let a model serve. Without a replica to spare nothing is ever evicted."""
        strategy, maximum = way
        for name, (tier, price) in NODES_AND_PRICES.items():
            labels = {"fogline.dev/tier": tier, "fogline.dev/cost-per-hour": price}
            self.cluster.add_node(simulated_node(name, {**labels, CLEARANCE_LABEL: "Internal"}))
        self.operator = MemoryOperator(self.cluster.store, self.cluster.timeline)
        rebalancing = {
            "strategy": strategy,
            "readyTimeoutSeconds": PATIENCE_SECONDS,
            "cooldownSeconds": 0,
        }
        self.cluster.add_model(
            make_model(
                variants=[CLOUD, EDGE],
                replicas=replicas,
                rebalancing=rebalancing,
                disruption={"maxUnavailable": maximum},
                placement={"dataSensitivity": "Internal"},
            )
        )
        self.cluster.run_for(15)
        self.note_what_must_stay()
        self.cluster.store.watch(self.watch)

    # what happens

    @happens(node=a_node, unschedulable=st.booleans())
    def cordon(self, node: str, *, unschedulable: bool) -> None:
        """Cordon or uncordon a node."""
        self.cluster.cordon(node, unschedulable=unschedulable)

    @happens(node=a_node, price=st.sampled_from(["0.01", "1", "5"]))
    def price(self, node: str, price: str) -> None:
        """Change the price of a node."""
        self.cluster.label(node, {"fogline.dev/cost-per-hour": price})

    @happens(node=a_node, cores=st.sampled_from(["1", "2", "4"]))
    def resize(self, node: str, cores: str) -> None:
        """Change what a node offers."""
        self.cluster.resize(node, cpu=cores)

    @happens(node=a_node)
    def drain(self, node: str) -> None:
        """Drain a node."""
        self.cluster.drain(node, limit_seconds=20)

    @happens(replicas=st.integers(0, 4))
    def scale(self, replicas: int) -> None:
        """Ask for another number of replicas."""
        self.cluster.edit_model(KEY, replicas=replicas)

    @happens(variants=st.sampled_from([[CLOUD, EDGE], [EDGE], [CLOUD], [BIGGER, EDGE]]))
    def change_the_variants(self, variants: list[Any]) -> None:
        """Take variants away, bring them back, or change their template."""
        self.cluster.edit_model(KEY, variants=variants)

    @happens(suspend=st.booleans())
    def suspend(self, *, suspend: bool) -> None:
        """Suspend the model, or go on."""
        self.cluster.edit_model(KEY, suspend=suspend)

    @happens(writes=st.integers(1, 6))
    def crash(self, writes: int) -> None:
        """Let the operator die after some writes."""
        self.operator.crash_after(writes)

    @rule(seconds=st.sampled_from([10.0, 40.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds * 10)):
            self.cluster.run_for(0.1)
            if self.operator.has_crashed:
                self.operator = MemoryOperator(self.cluster.store, self.cluster.timeline)

    # what must hold

    def accident(self) -> None:
        """Note that something happened that the operator cannot know of yet."""
        self.accident_at = self.cluster.timeline.seconds

    def watch(self, change: Change) -> None:
        """Judge each change as it happens."""
        before, after = change.before, change.after
        if change.kind is MODEL_DEPLOYMENTS and after:
            self.note_what_must_stay()
        if change.kind is NODES and before and after and is_ready(before) != is_ready(after):
            self.accident()
        if change.kind is not PODS or before is None:
            return
        was = is_ready(before) and is_alive(before)
        if was and after is not None and is_alive(after) and not is_ready(after):
            self.accident()
        if (
            was
            and not (after and is_alive(after))
            and self.cluster.timeline.seconds > (self.accident_at + BLAME_SECONDS)
        ):
            self.judge(before)

    def note_what_must_stay(self) -> None:
        """Note what the spec asks for from now on; while a model is suspended, its budget stays as it was."""
        spec = parse(self.cluster.model(KEY)).spec
        if spec.suspend:
            return
        must_stay = max(0, spec.replicas - int(spec.disruption.max_unavailable))
        if not self.wanted or self.wanted[-1][1] != must_stay:
            self.wanted.append((self.cluster.timeline.seconds, must_stay))

    def must_stay(self) -> int:
        """Give the least that the specs of the last moments ask for: each takes a moment to be known."""
        since = self.cluster.timeline.seconds - BLAME_SECONDS
        old = [number for at, number in self.wanted if at <= since]
        return min([*old[-1:], *(number for at, number in self.wanted if at > since)])

    def judge(self, gone: Document) -> None:
        """Hold a replica that went against what must stay."""
        ready = sum(is_ready(pod) and is_alive(pod) for pod in self.cluster.pods())
        must_stay = self.must_stay()
        node = self.cluster.store.find(NODES, ("", gone["spec"]["nodeName"]))
        needs = parse(self.cluster.model(KEY)).spec.placement.data_sensitivity
        cleared = node is None or not clearance_of(node) < needs
        if ready < must_stay and cleared and not self.was_let_go(gone):
            self.breaches.append(
                f"{gone['metadata']['name']} went at {self.cluster.timeline.seconds:.1f} s: "
                f"{ready} of {must_stay} are left"
            )

    def was_let_go(self, gone: Document) -> bool:
        """Tell whether it was evicted because a drain has waited for so long that nobody may block it."""
        now = self.cluster.timeline.text()
        taints = [taint for node in self.cluster.store.all(NODES) for taint in node["spec"].get("taints", ())]
        waits = any(seconds_between(one.get("timeAdded", now), now) > PATIENCE_SECONDS for one in taints)
        return waits and bool(condition(gone, "DisruptionTarget"))

    @invariant()
    def nobody_goes_too_early(self) -> None:
        """No write of the operator leaves too few replicas."""
        assert self.breaches == []

    @invariant()
    def a_move_has_one_replacement(self) -> None:
        """No two pods come by the same move. One left over by an earlier move may still be there."""
        notes = [pod["metadata"].get("annotations", {}) for pod in self.cluster.pods() if is_alive(pod)]
        claims = Counter(note[f"{MOVED_PREFIX}id"] for note in notes if REPLACES_ANNOTATION in note)
        assert all(number == 1 for number in claims.values())

    def teardown(self) -> None:
        """Let everything be well again: then every replica serves, and no mark is left."""
        if not hasattr(self, "operator"):
            return
        for node in NODES_AND_PRICES:
            self.cluster.kubelets.restore(node)
            self.cluster.cordon(node, unschedulable=False)
            self.cluster.resize(node, cpu="8")
            self.cluster.label(node, {CLEARANCE_LABEL: "Restricted"})
        self.cluster.edit_model(KEY, suspend=False)
        for _ in range(60):
            self.wait(10.0)
            if self.is_calm():
                return
        model = self.cluster.store.get(MODEL_DEPLOYMENTS, KEY)
        raise AssertionError(f"not calm: {model['status']}, {[describe(pod) for pod in self.cluster.pods()]}")

    def is_calm(self) -> bool:
        """Tell whether all is as the spec says."""
        model = self.cluster.model(KEY)
        pods, status = [pod for pod in self.cluster.pods() if is_alive(pod)], model["status"]
        return (
            len(pods) == parse(model).spec.replicas
            and all(is_ready(pod) and not marks(pod) for pod in pods)
            and not status["moves"]["active"]
            and status["readyReplicas"] == len(pods)
        )


class Orderly(Story):
    """Nothing happens by accident, so that every replica that goes too early goes because of us.

    Replicas go from variant to variant, and people change their mind before those that were to come serve.
    """

    @happens(tier=st.sampled_from(["Cloud", "Edge"]))
    def favour(self, tier: str) -> None:
        """Let one variant be worth far more than the other."""
        self.make_best(tier)

    @happens(
        tier=st.sampled_from(["Cloud", "Edge"]),
        more=st.integers(2, 4),
        seconds=st.sampled_from([1.0, 2.0, 4.5]),
        less=st.integers(1, 2),
    )
    def change_their_mind(self, tier: str, more: int, seconds: float, less: int) -> None:
        """Ask for more replicas, which go to one variant, and soon for fewer, while the other one is best."""
        self.make_best(tier)
        self.cluster.edit_model(KEY, replicas=more)
        self.wait(seconds)
        self.make_best("Edge" if tier == "Cloud" else "Cloud")
        self.cluster.edit_model(KEY, replicas=less)

    @happens(tier=st.sampled_from(["Cloud", "Edge"]))
    def be_stricter(self, tier: str) -> None:
        """Let only nodes of one tier hold the data, from now on."""
        for name, (own, _) in NODES_AND_PRICES.items():
            if own == tier:
                self.cluster.label(name, {CLEARANCE_LABEL: "Restricted"})
        self.cluster.edit_model(KEY, placement={"dataSensitivity": "Restricted"})

    def make_best(self, tier: str) -> None:
        """Price the nodes so that those of one tier are best."""
        for name, (own, _) in NODES_AND_PRICES.items():
            self.cluster.label(name, {"fogline.dev/cost-per-hour": "0.01" if own == tier else "9"})


class Accidents(Story):
    """Anything happens besides. Who goes right after an accident was told to go before anybody knew of it."""

    @happens(node=a_node)
    def restart_the_kubelet(self, node: str) -> None:
        """Let a kubelet kill what does not fit any more."""
        self.accident()
        self.cluster.kubelets.restart(node)

    @happens(node=a_node)
    def lose_the_node(self, node: str) -> None:
        """Let a machine lose its power."""
        self.accident()
        self.cluster.kubelets.fail(node)

    @happens(node=a_node)
    def bring_the_node_back(self, node: str) -> None:
        """Let a machine be back."""
        self.cluster.kubelets.restore(node)

    @happens(node=a_node, clearance=st.sampled_from(["Internal", None]))
    def clear(self, node: str, clearance: str | None) -> None:
        """Give or take a clearance."""
        self.cluster.label(node, {CLEARANCE_LABEL: clearance})
        self.accident()

    @happens(data=st.data())
    def delete_a_pod(self, data: st.DataObject) -> None:
        """Delete a pod as a user does."""
        if pods := [pod for pod in self.cluster.pods() if is_alive(pod)]:
            self.accident()
            pod = data.draw(st.sampled_from(pods))
            self.cluster.store.delete(PODS, key_of(pod))

    @happens(data=st.data())
    def take_marks_off(self, data: st.DataObject) -> None:
        """Edit the annotations of a pod."""
        if pods := [pod for pod in self.cluster.pods() if marks(pod)]:
            pod = data.draw(st.sampled_from(pods))
            notes = {
                key: note for key, note in pod["metadata"]["annotations"].items() if key not in marks(pod)
            }
            self.cluster.store.change(PODS, key_of(pod), metadata={"annotations": notes})


def marks(pod: Document) -> list[str]:
    """List the marks of moves that run."""
    notes = pod["metadata"].get("annotations", {})
    return [note for note in notes if note.startswith(MOVE_PREFIX) or note == REPLACES_ANNOTATION]


def clearance_of(node: Document) -> DataSensitivity:
    """Tell what a node may hold."""
    return DataSensitivity(node["metadata"]["labels"].get(CLEARANCE_LABEL, "Public"))


def seconds_between(start: str, end: str) -> float:
    """Count the seconds between two times as an API server writes them."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def describe(pod: Document) -> str:
    """Say in short what a pod is at."""
    gates = [gate["name"] for gate in pod["spec"].get("schedulingGates", ())]
    where = pod["spec"].get("nodeName") or ("gated" if GATE in gates else "pending")
    return f"{pod['metadata']['name']} on {where} {'Ready' if is_ready(pod) else 'not Ready'} {marks(pod)}"


TestOrderly = Orderly.TestCase
TestAccidents = Accidents.TestCase
TestOrderly.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
TestAccidents.settings = settings(TestOrderly.settings, max_examples=25)
