"""On random clusters: moves that are not forced save what they say, break nothing, and come to an end."""

from dataclasses import replace
from decimal import Decimal
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.builders import make_model, make_node
from tests.support.live import replica_of, stored
from tests.support.moving import AT_WILL, LATER, finished, runs

from fogline.api import Billing, ModelDeployment, Tier
from fogline.mover.rebalance import Rebalance, Scene, rebalance
from fogline.observe import Owned, model_key
from fogline.placement import Option, Usage, demand_of
from fogline.placement.objective import latency_penalty
from fogline.snapshot import Node, Pod, Replica, ReplicaOf, Snapshot

ROUNDS = 12
"""More than any of these clusters needs."""
ROUNDING = Decimal("1e-9")

nodes = st.builds(
    lambda tier, billing, cost, cpu, latency: {
        "tier": tier,
        "billing": billing,
        "cost": cost,
        "allocatable": {"cpu": cpu},
        "latency_milliseconds": latency,
    },
    tier=st.sampled_from(Tier),
    billing=st.sampled_from(Billing),
    cost=st.sampled_from(["0.1", "0.5", "1", "2"]),
    cpu=st.sampled_from(["1", "2", "4"]),
    latency=st.sampled_from([5, 20, 80]),
)
rules: st.SearchStrategy[dict[str, object]] = st.sampled_from(
    [
        {},
        {"latency": {"targetMilliseconds": 10}, "latencyPenaltyPerMillisecond": "0.01"},
        {"spread": {"maxPerNode": 1}},
        {"cloud": {"minReplicas": 1}},
        {"cost": {"maxPerHour": "3"}},
    ]
)


@cache
def template(model: str, variant: str) -> Replica:
    return replica_of(runs(make_model(model), "p", "a", variant))


def model_of(number: int, placement: dict[str, object], percent: int) -> ModelDeployment:
    rebalancing = {"cooldownSeconds": 0, "minSavingPercent": percent}
    found = make_model(f"m{number}", replicas=2, placement=placement, rebalancing=rebalancing)
    return stored(found)


@st.composite
def clusters(draw: st.DrawFn) -> tuple[list[Node], list[ModelDeployment], list[Replica]]:
    """Draw nodes, models of two replicas, and a place with room for each replica."""
    drawn = draw(st.lists(nodes, min_size=2, max_size=5))
    there = [make_node(f"n{number}", **fields) for number, fields in enumerate(drawn)]
    models: list[ModelDeployment] = []
    replicas: list[Replica] = []
    room = {node.name: node.allocatable["cpu"] for node in there}
    for number in range(draw(st.integers(1, 3))):
        models.append(model_of(number, draw(rules), draw(st.sampled_from([0, 15]))))
        for letter in ("p", "q"):
            free = [node for node in there if room[node.name] >= 1000]
            if not free:
                models.pop()
                return there, models, [one for one in replicas if one.model.name != f"m{number}"]
            node = draw(st.sampled_from(free))
            room[node.name] -= 1000
            one = template(f"m{number}", "cloud" if node.tier is Tier.CLOUD else "edge")
            name = f"m{number}-{letter}"
            replicas.append(replace(one, name=name, uid=name, node=node.name))
    return there, models, replicas


def usage_of(there: list[Node], replicas: list[Replica]) -> Usage:
    pods = (
        Pod(one.namespace, one.name, one.node or "", one.requests, ReplicaOf(one.model, one.variant, None))
        for one in replicas
    )
    return Usage(Snapshot(tuple(there), tuple(pods)))


def counted(there: list[Node], models: list[ModelDeployment], replicas: list[Replica]) -> Decimal:
    """Give what everything costs, in US dollars per hour as the objective counts it."""
    usage = usage_of(there, replicas)
    total = Decimal(0)
    for model in models:
        demand = demand_of(model)
        total += usage.cost_of(demand.model)
        for pod, replica in usage.replicas_of(demand.model):
            variant = demand.variant(replica.variant)
            assert variant
            total += latency_penalty(Option(demand, variant, None, usage.node(pod.node)), usage)
    return total


def look(there: list[Node], models: list[ModelDeployment], replicas: list[Replica]) -> Rebalance:
    scene = Scene(
        models=[
            (model, Owned(tuple(one for one in replicas if one.model == model_key(model)), {}))
            for model in models
        ],
        usage=usage_of(there, replicas),
        now=LATER,
    )
    return finished(rebalance(scene, AT_WILL))


def carried_out(outcome: Rebalance, replicas: list[Replica]) -> list[Replica]:
    moved = {one.replica.uid: one.assignment for one in outcome.start}
    return [
        replace(one, node=moved[one.uid].node, variant=moved[one.uid].variant) if one.uid in moved else one
        for one in replicas
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(clusters())
def test_every_round_saves_what_its_moves_say_and_the_last_one_finds_nothing(
    cluster: tuple[list[Node], list[ModelDeployment], list[Replica]],
) -> None:
    there, models, replicas = cluster
    for _ in range(ROUNDS):
        outcome = look(there, models, replicas)
        if not outcome.start:
            return
        after = carried_out(outcome, replicas)
        if not any(one.needs_no_saving for one in outcome.start):
            saving = counted(there, models, replicas) - counted(there, models, after)
            said = sum((one.saving_per_hour or Decimal(0) for one in outcome.start), Decimal(0))
            assert abs(saving - said) < ROUNDING
            assert saving > 0
        usage = usage_of(there, after)
        assert all(usage.free("cpu") >= 0)
        replicas = after
    raise AssertionError("moves without an end")
