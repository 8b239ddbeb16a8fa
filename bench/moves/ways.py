"""The ways to run models that are compared."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from tests.support.memory_cluster import Habits, MemoryCluster, MemoryOperator

from bench._scheduler_baseline import Way, by_hand, cheap_machines
from bench._scheduler_sites import split_of
from bench.moves.descheduler import Descheduler
from bench.moves.scoring import Scorer
from bench.moves.world import World
from fogline.cluster import objects
from fogline.cluster.documents import Document
from fogline.cluster.kinds import DEPLOYMENTS, MODEL_DEPLOYMENTS, POD_DISRUPTION_BUDGETS
from fogline.names import MODEL_LABEL, ModelKey

SETTLE_SECONDS = 3600.0
"""The first hour does not count: everything comes up in it."""
_PASS_SECONDS = 5.0
_COLLECT_SECONDS = 60.0
_LOOK_SECONDS = 24 * 3600.0
"""The operator passes over a model 0.1 s after a change, also after its own status. It looks for moves half a
second after a change, and of every model whenever a node changes. Here it passes after 5 s, and looks after a
minute, at the models on the node and at those that wait; at all others once a day and when prices change.
More would take longer than it is worth."""
_PLAN_SECONDS = 72 * 3600.0
_RETRY_SECONDS = 900.0
"""Nodes to empty are looked for every third day, and while replicas move a quarter of an hour later. The
operator looks whenever it was quiet for half a minute, every five minutes at most."""
_BACK_OFF_SECONDS = 10.0
"""kube-scheduler's longest pause before it looks again at a pod that it refused (podMaxBackoffSeconds)."""


@dataclass(frozen=True, slots=True)
class Run:
    """A cluster with a way to run models, as it is when the first hour begins."""

    cluster: MemoryCluster
    set_replicas: Callable[[ModelKey, int], None]
    priced: Callable[[], None]
    moves: Callable[[], int]
    """Counts the replicas that were moved or evicted by its own decision."""


def fogline(world: World, *, moves: bool) -> Run:
    """Let the operator place the models, and move them if it may."""
    cluster = _cluster(world)
    habits = Habits(
        pass_seconds=_PASS_SECONDS,
        passes_for_status=False,
        collect_seconds=_COLLECT_SECONDS,
        moves=moves,
        wakes_all=False,
    )
    operator = MemoryOperator(cluster.store, cluster.timeline, habits=habits)
    for model in world.models:
        cluster.add_model(model)

    def look() -> None:
        operator.rebalance(operator.models)
        cluster.timeline.later(_LOOK_SECONDS, look)

    def completed() -> int:
        statuses = (model.get("status", {}) for model in cluster.store.all(MODEL_DEPLOYMENTS))
        return sum(status.get("moves", {}).get("completed", 0) for status in statuses)

    def plan() -> None:
        cluster.timeline.later(_PLAN_SECONDS if operator.plan() else _RETRY_SECONDS, plan)

    cluster.timeline.later(_LOOK_SECONDS, look)
    if moves:
        cluster.timeline.later(SETTLE_SECONDS, plan)
    return Run(
        cluster,
        set_replicas=lambda model, replicas: cluster.edit_model(model, replicas=replicas),
        priced=lambda: operator.rebalance(operator.models),
        moves=completed,
    )


def kube(world: World, placed: MemoryCluster) -> Run:
    """Let kube-scheduler and the descheduler do it.

    Parameters
    ----------
    placed
        Where the operator has placed the models, whose split over tiers and client sites they get.
    """
    scorer = Scorer()
    cluster = _cluster(world, scorer)
    pods = [msgspec.convert(pod, objects.Pod) for pod in placed.pods()]
    splits = split_of(world.demands.values(), pods)
    cheap = cheap_machines(world.nodes)
    way = Way("default-scheduler", is_told_maxima=False)
    for model in world.models:
        split = splits[model.metadata.name]
        for document in by_hand(model, split, cheap, way, model.metadata.namespace or "default"):
            if document["kind"] == "PodDisruptionBudget":
                cluster.store.create(_tolerant(document, sum(split.values())))
            elif document["kind"] == "Deployment":
                cluster.store.create(document)
    descheduler = Descheduler(cluster)
    descheduler.start()
    return Run(
        cluster,
        set_replicas=lambda model, replicas: _scale(cluster, model, replicas),
        priced=lambda: None,
        moves=lambda: descheduler.evictions,
    )


def _cluster(world: World, scorer: Scorer | None = None) -> MemoryCluster:
    if scorer is None:
        cluster = MemoryCluster(load_seconds=world.seconds_to_load)
    else:
        cluster = MemoryCluster(
            load_seconds=world.seconds_to_load, choose=scorer.choose, retry_seconds=_BACK_OFF_SECONDS
        )
        scorer.follow(cluster)
    for node in world.node_documents:
        cluster.add_node(node)
    return cluster


def _tolerant(budget: Document, replicas: int) -> Document:
    """Let one replica be away: with none, break before make would never begin."""
    return {**budget, "spec": {**budget["spec"], "minAvailable": max(0, replicas - 1)}}


def _scale(cluster: MemoryCluster, model: ModelKey, replicas: int) -> None:
    """Scale the Deployments of a model in proportion; the largest remainders get what is left."""
    owned = [
        one
        for one in cluster.store.all(DEPLOYMENTS)
        if one["metadata"]["labels"].get(MODEL_LABEL) == model.name
    ]
    now = sum(one["spec"]["replicas"] for one in owned)
    exact = {one["metadata"]["name"]: replicas * one["spec"]["replicas"] / now for one in owned}
    given = {name: int(number) for name, number in exact.items()}
    for name in sorted(exact, key=lambda name: (given[name] - exact[name], name))[
        : replicas - sum(given.values())
    ]:
        given[name] += 1
    for one in owned:
        name = one["metadata"]["name"]
        spec = {**one["spec"], "replicas": given[name]}
        cluster.store.change(DEPLOYMENTS, (model.namespace, name), spec=spec)
    budget = cluster.store.get(POD_DISRUPTION_BUDGETS, model)
    cluster.store.change(POD_DISRUPTION_BUDGETS, model, spec=_tolerant(budget, replicas)["spec"])
