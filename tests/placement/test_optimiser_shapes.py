"""The optimiser on made clusters of a useful size: figures that must not get worse unnoticed."""

from dev.instances import from_scratch

from fogline.placement import plan
from fogline.placement.optimiser import optimise


def test_a_small_cluster_is_planned_near_the_bound_and_rejects_no_more_than_deciding_in_turn() -> None:
    instance = from_scratch("tiny")
    demands, snapshot = instance.demands, instance.snapshot
    found = optimise(demands, snapshot)
    in_turn = plan(demands, snapshot)
    assert sum(one.replicas for one in found.unplaceable) <= sum(one.waiting for one in in_turn.decisions)
    assert found.gap_percent is not None
    assert found.gap_percent < 10


def test_the_same_cluster_gets_the_same_plan_every_time() -> None:
    instance = from_scratch("tiny", seed=3)
    demands, snapshot = instance.demands, instance.snapshot
    assert optimise(demands, snapshot) == optimise(demands, snapshot)
