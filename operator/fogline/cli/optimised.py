"""The plan of the optimiser as a report."""

from collections.abc import Iterator

from fogline.cli.report import Leaving, Move, Optimum, Report, Row
from fogline.placement.optimised import OptimisedPlan, Placed
from fogline.snapshot import Pod, Snapshot


def report_optimised(plan: OptimisedPlan, snapshot: Snapshot) -> Report:
    """Collect what there is to say, model by model."""
    return Report(
        rows=tuple(_row(one, snapshot) for one in plan.placed),
        leaving=tuple(_leaving(plan)),
        unplaceable=plan.unplaceable,
        placed=(),
        suspended=plan.suspended,
        optimum=Optimum(
            lower_bound_cost_per_hour=plan.lower_bound_cost_per_hour,
            counted_cost_per_hour=plan.counted_cost_per_hour,
            gap_percent=plan.gap_percent,
            moves=tuple(_move(one, one.pod, snapshot) for one in plan.moves if one.pod),
        ),
    )


def _row(one: Placed, snapshot: Snapshot) -> Row:
    return Row(
        model=one.model,
        variant=one.variant,
        node=one.node,
        client_site=one.client_site,
        cost_per_hour=one.cost_per_hour,
        latency_milliseconds=snapshot.by_name[one.node].latency_from(one.client_site),
        in_place=one.pod is not None and not one.is_move,
    )


def _leaving(plan: OptimisedPlan) -> Iterator[Leaving]:
    for one in plan.misplaced:
        if one.pod.replica:
            yield Leaving(one.pod.replica.model, one.pod, one.rejections)
    for pod in plan.surplus:
        if pod.replica:
            yield Leaving(pod.replica.model, pod, ())


def _move(one: Placed, pod: Pod, snapshot: Snapshot) -> Move:
    return Move(pod, _row(one, snapshot))
