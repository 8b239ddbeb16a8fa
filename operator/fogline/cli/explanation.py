"""Why the replicas of one model are where they are, and why not elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fogline.api import ModelDeployment, Tier
from fogline.cli.beside import why_beside
from fogline.placement import (
    Alternative,
    Assignment,
    Demand,
    Offer,
    Unplaceable,
    Usage,
    alternatives,
    decide,
    demand_of,
    judge,
    judge_all,
    offer_in_place,
    place,
)
from fogline.placement.alternatives import gone, leaving
from fogline.snapshot import Node, Pod, Replica, Snapshot


@dataclass(frozen=True, slots=True)
class Question:
    """How far an explanation goes."""

    every_node: bool
    """Judge each node by itself."""
    why_not: Node | None = None
    """Judge this node."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A replica on its node."""

    replica: Replica
    node: str
    tier: Tier
    site: str
    cost_per_hour: Decimal
    """US dollars: its part of the bill."""
    here: Offer | None
    """What choosing its node again would count for; None when its variant is gone."""
    again: Assignment | Unplaceable
    """The decision if it were made anew now, with the replica gone."""
    why_not: Alternative | None
    """The node that was asked for; None when none was, or the replica is there."""
    others: tuple[Alternative, ...]
    """Every other node, where each is judged by itself."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Replicas without a node."""

    answer: Unplaceable
    why_not: Alternative | None
    nodes: tuple[Alternative, ...]
    """Every node, where each is judged by itself."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A pod of the model that does not count as one of its replicas."""

    pod: str
    node: str
    why: str
    ready: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where the replicas of a model are, and which have no node."""

    model: ModelDeployment
    placed: tuple[Placed, ...]
    missing: tuple[Missing, ...]
    beside: tuple[Beside, ...]
    """What a move or a cut link has brought for a while."""
    one_more: tuple[tuple[str | None, Alternative], ...]
    """What the node that was asked for offers one more replica for each client site, where no replica is."""

    @property
    def waiting(self) -> int:
        """Replicas that no node is left for."""
        return sum(one.answer.replicas for one in self.missing)


def explain(
    model: ModelDeployment, snapshot: Snapshot, replicas: Sequence[Replica], question: Question
) -> Explanation:
    """Say for each replica of a model what its node and the others offer; decide for those that have none."""
    demand, usage = demand_of(model), Usage(snapshot)
    placed = tuple(_placed(demand, usage, snapshot, replicas, question))
    after = usage.fork()
    unplaceable = decide(demand, after).unplaceable
    missing = tuple(
        Missing(
            answer=answer,
            why_not=_judge(demand, after, question.why_not, answer.client_site),
            nodes=judge_all(demand, after, answer.client_site) if question.every_node else (),
        )
        for answer in unplaceable
    )
    asked = question.why_not if not placed and not missing else None
    one_more = tuple((one.site, judge(demand, usage, asked, one.site)) for one in demand.clients if asked)
    return Explanation(model, placed, missing, tuple(_beside(snapshot, replicas)), one_more)


def _beside(snapshot: Snapshot, replicas: Sequence[Replica]) -> Iterator[Beside]:
    uncounted = {(pod.namespace, pod.name) for pod in snapshot.pods if pod.replica is None}
    for replica in replicas:
        if replica.node and (replica.namespace, replica.name) in uncounted:
            yield Beside(replica.name, replica.node, why_beside(replica, replicas), replica.ready)


def _placed(
    demand: Demand, usage: Usage, snapshot: Snapshot, replicas: Sequence[Replica], question: Question
) -> Iterator[Placed]:
    pods = {(pod.namespace, pod.name): pod for pod in snapshot.pods if pod.replica and usage.knows(pod.node)}
    for replica in sorted(replicas, key=lambda one: (one.node or "", one.name)):
        if pod := pods.get((replica.namespace, replica.name)):
            node = usage.node(pod.node)
            yield Placed(
                replica=replica,
                node=node.name,
                tier=node.tier,
                site=node.zone,
                cost_per_hour=usage.replica_cost(pod),
                here=offer_in_place(demand, usage, pod),
                again=place(demand, gone(usage, pod), replica.client_site),
                why_not=_elsewhere(demand, usage, pod, question.why_not),
                others=alternatives(demand, usage, pod) if question.every_node else (),
            )


def _elsewhere(demand: Demand, usage: Usage, pod: Pod, node: Node | None) -> Alternative | None:
    if node is None or pod.replica is None or node.name == pod.node:
        return None
    return judge(demand, leaving(usage, pod), node, pod.replica.client_site)


def _judge(demand: Demand, usage: Usage, node: Node | None, client_site: str | None) -> Alternative | None:
    return None if node is None else judge(demand, usage, node, client_site)
