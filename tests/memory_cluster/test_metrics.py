"""What the metrics say of many models agrees with what their status says, and names none of them."""

import re
from decimal import Decimal

from dev.cluster import simulated_node
from tests.support.builders import make_model, make_variant
from tests.support.memory_cluster import MemoryCluster, MemoryOperator

from fogline.cluster.kinds import MODEL_DEPLOYMENTS

VARIANTS = [make_variant("cloud", "Cloud"), make_variant("edge", "Edge")]


def run(models: int, prefix: str = "zebra") -> tuple[MemoryCluster, str]:
    """Let an operator bring up so many models, half of which find no node; give its metrics."""
    cluster = MemoryCluster()
    for name, tier, price in (("a", "Cloud", "1.5"), ("b", "Cloud", "2"), ("e", "Edge", "0.25")):
        labels = {
            "fogline.dev/tier": tier,
            "fogline.dev/cost-per-hour": price,
            "fogline.dev/latency-ms": "30",
            "topology.kubernetes.io/zone": f"{prefix}-zone",
        }
        cluster.add_node(simulated_node(f"{prefix}-{name}", labels, cpu="16"))
    operator = MemoryOperator(cluster.store, cluster.timeline)
    for number in range(models):
        good = make_model(
            f"{prefix}-{number}",
            replicas=2,
            variants=VARIANTS,
            placement={
                "cloud": {"minReplicas": 1},
                "edge": {"minReplicas": 1},
                "latency": {"targetMilliseconds": 20},
            },
        )
        cluster.add_model(good)
        nowhere = {"dataSensitivity": "Restricted", "onNoFit": "Wait"}
        cluster.add_model(make_model(f"{prefix}-no-{number}", variants=VARIANTS[:1], placement=nowhere))
    cluster.run_for(30)
    return cluster, operator.metrics.instruments.page()[0].decode()


def value(page: str, series: str) -> Decimal:
    return Decimal(page.partition(f"\n{series} ")[2].partition("\n")[0])


def test_the_sums_are_those_of_the_statuses() -> None:
    cluster, page = run(4)
    statuses = [model["status"] for model in cluster.store.all(MODEL_DEPLOYMENTS)]
    cost = sum(Decimal(status["costPerHour"]) for status in statuses)
    parts = [value(page, f'fogline_cost_dollars_per_hour{{tier="{tier}"}}') for tier in ("Cloud", "Edge")]
    assert abs(sum(parts, Decimal(0)) - cost) < Decimal("0.00001")
    assert min(parts) > 0
    for tier in ("cloud", "edge"):
        ready = sum(status["tiers"][tier]["ready"] for status in statuses)
        assert value(page, f'fogline_replicas_ready{{tier="{tier.title()}"}}') == ready == 4
    assert value(page, "fogline_replicas_gated") == 4
    assert value(page, 'fogline_latency_target_replicas{outcome="missed"}') == 8
    unplaced = 'fogline_modeldeployment_conditions{reason="NoFit",status="False",type="Placed"}'
    assert value(page, unplaced) == 4


def test_more_models_make_no_more_series_and_no_name_is_told() -> None:
    _, few = run(1)
    _, many = run(20)
    assert "zebra" not in many
    assert series(few) == series(many)
    assert len(series(many)) < 400


def series(page: str) -> set[str]:
    """Give the names and labels of all series."""
    return set(re.findall(r"^([a-z]\S*) ", page, re.MULTILINE))
