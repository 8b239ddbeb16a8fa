"""The plan that is made model by model, as the operator makes it, as a report."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fogline.cli.output import FEW
from fogline.cli.plan_report import Group, Leaving, Report, Row
from fogline.placement import (
    Alternative,
    Assignment,
    Decision,
    Demand,
    Usage,
    alternatives,
    decide,
    judge_all,
    turn,
)
from fogline.snapshot import Pod, Snapshot


@dataclass(frozen=True, slots=True)
class _Made:
    """What was decided for one model."""

    demand: Demand
    decision: Decision
    new: tuple[Pod, ...]
    """Stand for the assignments."""

    @property
    def leaving(self) -> tuple[Pod, ...]:
        return (*(one.pod for one in self.decision.misplaced), *self.decision.surplus)


def plan_in_turn(demands: Sequence[Demand], snapshot: Snapshot, *, every_node: bool = False) -> Report:
    """Decide for each model in turn, and collect what there is to say in that order.

    Parameters
    ----------
    every_node
        Also judge each node by itself: for replicas without a node, and where nodes are few for the others.
    """
    usage = Usage(snapshot)
    made = [_decide(demand, usage) for demand in sorted(demands, key=turn)]
    leaving = [pod for one in made for pod in one.leaving]
    after = usage.fork()
    for pod in leaving:
        after.remove(pod)
    gone = {(pod.namespace, pod.name) for pod in leaving}
    staying = (pod for pod in snapshot.pods if (pod.namespace, pod.name) not in gone)
    return Report(
        rows=tuple(row for one in made for row in _rows(one, after)),
        leaving=tuple(told for one in made for told in _leaving(one.decision)),
        unplaceable=tuple(answer for one in made for answer in one.decision.unplaceable),
        placed=tuple(answer for one in made for answer in _last_by_site(one.decision)),
        suspended=tuple(one.decision.model for one in made if one.decision.is_suspended),
        nodes=dict(judged for one in made for judged in _each_node(one, usage)) if every_node else {},
        after=Snapshot(snapshot.nodes, (*staying, *(pod for one in made for pod in one.new))),
    )


def _decide(demand: Demand, usage: Usage) -> _Made:
    decision = decide(demand, usage)
    kept = {(pod.namespace, pod.name) for pod in decision.kept}
    new = [pod for pod, _ in usage.replicas_of(demand.model) if (pod.namespace, pod.name) not in kept]
    return _Made(demand, decision, tuple(new))


def _each_node(one: _Made, usage: Usage) -> Iterator[tuple[Group, tuple[Alternative, ...]]]:
    """Judge each node by itself: for one more replica where some have none, else for one that was placed."""
    demand = one.demand
    without = {answer.client_site for answer in one.decision.unplaceable}
    for site in without:
        yield (demand.model, site), judge_all(demand, usage, site)
    if len(usage.nodes) <= FEW:
        placed = {pod.replica.client_site: pod for pod in one.new if pod.replica}
        for site in placed.keys() - without:
            yield (demand.model, site), alternatives(demand, usage, placed[site])


def _rows(one: _Made, usage: Usage) -> Iterator[Row]:
    for pods, in_place in ((one.decision.kept, True), (one.new, False)):
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
