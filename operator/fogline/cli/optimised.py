"""The plan of the optimiser as a report."""

from collections.abc import Iterator, Sequence

from fogline.cli.plan_report import Group, Leaving, Move, Optimum, Report, Row
from fogline.placement import Alternative, Demand, Usage, judge_all
from fogline.placement.optimised import OptimisedPlan, Placed
from fogline.snapshot import Pod, ReplicaOf, Snapshot


def report_optimised(
    plan: OptimisedPlan, demands: Sequence[Demand], snapshot: Snapshot, *, every_node: bool = False
) -> Report:
    """Collect what there is to say, model by model.

    Parameters
    ----------
    every_node
        Also judge each node by itself for replicas without a node.
    """
    after = _carried_out(plan, demands, snapshot)
    return Report(
        rows=tuple(_row(one, snapshot) for one in plan.placed),
        leaving=tuple(_leaving(plan)),
        unplaceable=plan.unplaceable,
        placed=(),
        suspended=plan.suspended,
        nodes=dict(_each_node(plan, demands, after)) if every_node else {},
        after=after,
        optimum=Optimum(
            lower_bound_cost_per_hour=plan.lower_bound_cost_per_hour,
            counted_cost_per_hour=plan.counted_cost_per_hour,
            gap_percent=plan.gap_percent,
            moves=tuple(_move(one, one.pod, snapshot) for one in plan.moves if one.pod),
        ),
    )


def _carried_out(plan: OptimisedPlan, demands: Sequence[Demand], snapshot: Snapshot) -> Snapshot:
    moved = (one.pod for one in plan.moves if one.pod)
    leaving = (*plan.surplus, *(one.pod for one in plan.misplaced), *moved)
    gone = {(pod.namespace, pod.name) for pod in leaving}
    requests = {(demand.model, one.name): one.requests for demand in demands for one in demand.variants}
    new = (
        Pod(
            namespace=one.model.namespace,
            name=f"{one.model.name}-{one.variant}/{number}",  # no name that a real pod can have
            node=one.node,
            requests=requests[one.model, one.variant],
            replica=ReplicaOf(one.model, one.variant, one.client_site),
        )
        for number, one in enumerate(plan.placed)
        if one.pod is None or one.is_move
    )
    staying = (pod for pod in snapshot.pods if (pod.namespace, pod.name) not in gone)
    return Snapshot(snapshot.nodes, (*staying, *new))


def _each_node(
    plan: OptimisedPlan, demands: Sequence[Demand], after: Snapshot
) -> Iterator[tuple[Group, tuple[Alternative, ...]]]:
    usage, by_model = Usage(after), {demand.model: demand for demand in demands}
    for one in plan.unplaceable:
        yield (one.model, one.client_site), judge_all(by_model[one.model], usage, one.client_site)


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
