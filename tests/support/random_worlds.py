"""Random clusters for properties: small, with many ties and now and then a node that refuses.

A strategy is made once and drawn from often, for to make one costs as much as ten draws.
"""

import operator
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st
from tests.support.builders import make_model, make_node, make_pod, make_variant
from tests.support.oracle import World

from fogline.api import Billing, DataSensitivity, ModelDeployment, Tier
from fogline.snapshot import Node, Pod, Taint

SITES = ("plant-a", "plant-b")


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Draw the usual value in three of four cases, so that most worlds have a place left."""
    return st.sampled_from([usual] * 3 * len(others) + list(others))


rarely = st.integers(0, 7).map(lambda number: number == 7)


LATENCIES = (1, 5, 20, 80)
NODE: dict[str, st.SearchStrategy[Any]] = {
    "zone": st.sampled_from(["z1", "z2"]),
    "region": mostly("eu", "us", None),
    "clearance": mostly(DataSensitivity.RESTRICTED, *DataSensitivity),
    "architecture": mostly("amd64", "arm64"),
    "accelerator_type": mostly("L4", "A100", None),
    "labels": mostly({"disk": "ssd"}, {}),
    "taints": mostly((), (Taint("gpu", "", "NoSchedule"),)),
    "ready": rarely.map(operator.not_),
    "cordoned": rarely,
    "cost": st.sampled_from(["0", "0.5", "1", "2"]),
    "latency_milliseconds": st.sampled_from([None, *LATENCIES]),
    "client_site_latency_milliseconds": st.dictionaries(st.sampled_from(SITES), st.sampled_from(LATENCIES)),
    "capacity_share": mostly(Decimal(1), Decimal("0.5")),
}
TIERS = st.sampled_from(Tier)
BILLING = {
    Tier.CLOUD: mostly(Billing.NODE, *Billing),
    Tier.EDGE: mostly(Billing.SHARE, *Billing),
}
ALLOCATABLE = {"cpu": st.sampled_from(["1", "2", "4"]), "memory": st.sampled_from(["2Gi", "4Gi"])}


@st.composite
def nodes(draw: st.DrawFn, name: str) -> Node:
    """Draw a node whose amounts divide so that equal costs are exactly equal."""
    tier = draw(TIERS)
    return make_node(
        name,
        tier=tier,
        billing=draw(BILLING[tier]),
        allocatable={resource: draw(amounts) for resource, amounts in ALLOCATABLE.items()},
        **{field: draw(values) for field, values in NODE.items()},
    )


BOUNDS = st.sampled_from([{"minReplicas": 1}, {"minReplicas": 2}, {"maxReplicas": 1}])
RULES: dict[str, st.SearchStrategy[Any]] = {
    "dataSensitivity": st.sampled_from([level.value for level in DataSensitivity]),
    "allowedRegions": st.sampled_from([["eu"], ["eu", "us"]]),
    "nodeSelector": st.just({"disk": "ssd"}),
    "clients": st.sampled_from(
        [[{"site": "plant-a"}], [{"site": "plant-b", "weight": 2}, {"site": "plant-a"}]]
    ),
    "latency": st.sampled_from(
        [
            {"targetMilliseconds": 5},
            {"targetMilliseconds": 50},
            {"targetMilliseconds": 1, "maxMilliseconds": 20},
        ]
    ),
    "cost": st.sampled_from([{"maxPerHour": limit} for limit in ("0.75", "1", "2")]),
    "objective": st.sampled_from(["LowestCost", "LowestLatency"]),
    "latencyPenaltyPerMillisecond": st.sampled_from(["0", "0.01"]),
    "spread": st.sampled_from([{"maxPerNode": 1}, {"maxPerZonePercent": 50}, {"maxPerZonePercent": 34}]),
    "cloud": BOUNDS,
    "edge": BOUNDS,
}


VARIANT: dict[str, st.SearchStrategy[Any]] = {
    "requests": st.sampled_from([{"cpu": "500m", "memory": "1Gi"}, {"cpu": "1", "memory": "1Gi"}]),
    "architectures": mostly(None, ["amd64"], ["arm64"]),
    "acceleratorTypes": mostly(None, ["L4"], ["A100", "L4"]),
}


@st.composite
def variants(draw: st.DrawFn, name: str, tier: str) -> dict[str, Any]:
    """Draw a variant that is small against every node."""
    found: dict[str, Any] = make_variant(
        name, tier, **{field: draw(values) for field, values in VARIANT.items()}
    )
    if draw(rarely):
        del found["artifact"]
    return found


TIERS_OF_VARIANTS = mostly(("Cloud", "Edge"), ("Edge",), ("Edge", "Cloud", "Edge"))


@st.composite
def models(
    draw: st.DrawFn, name: str = "digits", without: str | None = None, most: int = 5
) -> ModelDeployment:
    """Draw a model with a few rules; its variants are called v0, v1 and so on."""
    tiers = draw(TIERS_OF_VARIANTS)
    placement = {rule: draw(RULES[rule]) for rule in sorted(draw(_rules(without)))}
    if "Cloud" not in tiers:
        placement.pop("cloud", None)  # bounds on a tier without a variant are refused
    return make_model(
        name,
        replicas=draw(st.integers(1, most)),
        variants=[draw(variants(f"v{number}", tier)) for number, tier in enumerate(tiers)],
        placement=placement,
    )


@cache
def _rules(without: str | None) -> st.SearchStrategy[set[str]]:
    return st.sets(st.sampled_from(sorted(RULES.keys() - {without})), max_size=3)


@st.composite
def worlds(draw: st.DrawFn, without: str | None = None) -> World:
    """Draw up to five nodes, a model with a few rules, and replicas of it and of others in place."""
    names = [f"n{number}" for number in range(draw(st.integers(1, 5)))]
    model = draw(models(without=without))
    found = tuple(draw(nodes(name)) for name in names)
    return World(model, found, tuple(draw(pods(names, len(model.spec.variants)))))


@st.composite
def pods(draw: st.DrawFn, names: list[str], ways: int) -> list[Pod]:
    """Draw pods in place: other people's, and replicas of two models."""
    spots = draw(_spots(tuple(names), ways))
    return [
        make_pod(f"p{number}", node, model=owner, variant=variant, site=site)
        for number, (node, owner, variant, site) in enumerate(spots)
    ]


@cache
def _spots(names: tuple[str, ...], ways: int) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    owners = st.sampled_from([None, "other", "digits", "digits"])
    variant_names = st.sampled_from([f"v{number}" for number in range(ways)])
    spots = st.tuples(st.sampled_from(names), owners, variant_names, st.sampled_from([None, *SITES]))
    return st.lists(spots, max_size=5)
