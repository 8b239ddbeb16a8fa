"""The plan that is made model by model, as the operator makes it, as a report."""

from collections.abc import Iterable, Iterator, Sequence

from fogline.cli.output import FEW
from fogline.cli.report import Group, Leaving, Report, Row
from fogline.placement import (
    Alternative,
    Assignment,
    Decision,
    Demand,
    Usage,
    alternatives,
    assume,
    judge_all,
    plan,
)
from fogline.snapshot import Pod, Snapshot


def plan_in_turn(demands: Sequence[Demand], snapshot: Snapshot, *, every_node: bool = False) -> Report:
    """Decide for each model in turn, and collect what there is to say in that order.

    Parameters
    ----------
    every_node
        Also judge each node by itself: for replicas without a node, and where nodes are few for the others.
    """
    decisions = plan(demands, snapshot).decisions
    by_model = {demand.model: demand for demand in demands}
    usage = Usage(snapshot)  # those that leave hold their room, as in the decisions
    for pod in (pod for decision in decisions for pod in _pods_that_leave(decision)):
        usage.release(pod)
    new = [
        [assume(one, by_model[decision.model], usage) for one in decision.assignments]
        for decision in decisions
    ]
    after = usage.fork()
    for pod in (pod for decision in decisions for pod in _pods_that_leave(decision)):
        after.remove(pod)
    gone = {(pod.namespace, pod.name) for decision in decisions for pod in _pods_that_leave(decision)}
    staying = (pod for pod in snapshot.pods if (pod.namespace, pod.name) not in gone)
    return Report(
        rows=tuple(
            row
            for decision, pods in zip(decisions, new, strict=True)
            for row in (*_rows(decision.kept, after, in_place=True), *_rows(pods, after, in_place=False))
        ),
        leaving=tuple(one for decision in decisions for one in _leaving(decision)),
        unplaceable=tuple(answer for decision in decisions for answer in decision.unplaceable),
        placed=tuple(one for decision in decisions for one in _last_by_site(decision)),
        suspended=tuple(decision.model for decision in decisions if decision.is_suspended),
        nodes=dict(
            judged
            for decision, pods in zip(decisions, new, strict=True)
            for judged in _each_node(decision, pods, by_model[decision.model], usage)
            if every_node
        ),
        after=Snapshot(snapshot.nodes, (*staying, *(pod for pods in new for pod in pods))),
    )


def _pods_that_leave(decision: Decision) -> tuple[Pod, ...]:
    return (*(one.pod for one in decision.misplaced), *decision.surplus)


def _each_node(
    decision: Decision, pods: Sequence[Pod], demand: Demand, usage: Usage
) -> Iterator[tuple[Group, tuple[Alternative, ...]]]:
    """Judge each node by itself: for one more replica where some have none, else for the last one placed."""
    without = {answer.client_site for answer in decision.unplaceable}
    last = {pod.replica.client_site: pod for pod in pods if pod.replica}
    if len(usage.nodes) <= FEW:
        for site in last.keys() - without:
            yield (decision.model, site), alternatives(demand, usage, last[site])
    for site in without:
        yield (decision.model, site), judge_all(demand, usage, site)


def _rows(pods: Iterable[Pod], usage: Usage, *, in_place: bool) -> Iterator[Row]:
    for pod in pods:
        if pod.replica:
            yield Row(
                model=pod.replica.model,
                variant=pod.replica.variant,
                node=pod.node,
                client_site=pod.replica.client_site,
                cost_per_hour=usage.replica_cost(pod),
                latency_milliseconds=usage.node(pod.node).latency_from(pod.replica.client_site),
                in_place=in_place,
            )


def _leaving(decision: Decision) -> Iterator[Leaving]:
    for one in decision.misplaced:
        yield Leaving(decision.model, one.pod, one.rejections)
    for pod in decision.surplus:
        yield Leaving(decision.model, pod, ())


def _last_by_site(decision: Decision) -> Iterable[Assignment]:
    without = {answer.client_site for answer in decision.unplaceable}
    last = {one.client_site: one for one in decision.assignments if one.client_site not in without}
    return last.values()
