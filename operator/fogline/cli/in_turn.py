"""The plan that is made model by model, as the operator makes it, as a report."""

from collections.abc import Iterable, Iterator, Sequence

from fogline.cli.report import Leaving, Report, Row
from fogline.placement import Assignment, Decision, Demand, Usage, assume, plan
from fogline.snapshot import Pod, Snapshot


def plan_in_turn(demands: Sequence[Demand], snapshot: Snapshot) -> Report:
    """Decide for each model in turn, and collect what there is to say in that order."""
    decisions = plan(demands, snapshot).decisions
    by_model = {demand.model: demand for demand in demands}
    usage = Usage(snapshot)
    new: list[list[Pod]] = []
    for decision in decisions:
        for pod in _gone(decision):
            usage.remove(pod)
        demand = by_model[decision.model]
        new.append([assume(assignment, demand, usage) for assignment in decision.assignments])
    gone = {(pod.namespace, pod.name) for decision in decisions for pod in _gone(decision)}
    staying = (pod for pod in snapshot.pods if (pod.namespace, pod.name) not in gone)
    return Report(
        rows=tuple(
            row
            for decision, pods in zip(decisions, new, strict=True)
            for row in (*_rows(decision.kept, usage, in_place=True), *_rows(pods, usage, in_place=False))
        ),
        leaving=tuple(one for decision in decisions for one in _leaving(decision)),
        unplaceable=tuple(answer for decision in decisions for answer in decision.unplaceable),
        placed=tuple(one for decision in decisions for one in _last_by_site(decision)),
        suspended=tuple(decision.model for decision in decisions if decision.is_suspended),
        after=Snapshot(snapshot.nodes, (*staying, *(pod for pods in new for pod in pods))),
    )


def _gone(decision: Decision) -> tuple[Pod, ...]:
    return (*(one.pod for one in decision.misplaced), *decision.surplus)


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
