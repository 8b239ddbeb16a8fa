"""The plan of the optimiser for demands and a snapshot."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from fogline.names import ModelKey
from fogline.placement.answers import Unplaceable
from fogline.placement.consolidate import consolidate
from fogline.placement.demand import Demand
from fogline.placement.limits import Limits
from fogline.placement.objective import MOVE_COST, latency_penalty
from fogline.placement.optimised import OptimisedPlan, Placed
from fogline.placement.optimiser.build import Built, build, key_of
from fogline.placement.optimiser.solve import Solution, solve
from fogline.placement.optimiser.survey import as_large_as_new
from fogline.placement.place import assume, place
from fogline.placement.plan import turn
from fogline.placement.requirements import Option
from fogline.placement.usage import Usage, total_cost
from fogline.snapshot import Pod, ReplicaOf, Snapshot

_DIGITS = 6
"""Of US dollars: as far as sums of doubles with penalties in them can be trusted."""


def optimise(
    demands: Iterable[Demand],
    snapshot: Snapshot,
    limits: Limits | None = None,
    move_cost: Decimal = MOVE_COST,
) -> OptimisedPlan:
    """Place the replicas of all models together, those that are in place included.

    It is a target: replicas that move or leave are counted as gone. The room of a node that takes nothing new
    stays as it is. No requirement is ever broken; then come the fewest rejections, by priority; then the
    cost. The same input and the same limits give the same plan. On a small cluster nothing moves once a plan
    is in place; on a large one only what saves more than it costs to move. Groups of moves that empty nodes
    are sought besides, from what is in place, where the limits ask for them.

    Parameters
    ----------
    limits
        How much may be done, in counted steps.
    move_cost
        US dollars per hour that a move has to save.
    """
    wanted = tuple(sorted(demands, key=turn))
    built = build(wanted, snapshot, move_cost)
    limits = limits or Limits()
    solution = solve(built.problem, limits)
    targets = list(_targets(built, solution))
    leaving = {id(one.pod) for one in built.survey.misplaced} | set(map(id, built.survey.surplus))
    leaving |= set(map(id, built.survey.movable))
    others = [pod for pod in snapshot.pods if id(pod) not in leaving]
    usage = Usage(Snapshot(snapshot.nodes, (*others, *(target for target, _ in targets))))
    late, unplaceable, spared = _place_rest(built, solution, usage)
    targets += [(pod, None) for pod in late]
    by_model = {demand.model: demand for demand in (*wanted, *built.demands)}
    in_place = [(pod, pod) for pod in others if pod.replica and usage.knows(pod.node)]
    placed = tuple(
        _placed(demand, target, was, usage)
        for target, was in (*in_place, *targets)
        if target.replica and (demand := by_model.get(target.replica.model))
    )
    staying = {id(was) for _, was in targets}
    dropped = [pod for pod in built.survey.movable if id(pod) not in staying]
    counted = sum((one.cost_per_hour + one.latency_penalty for one in placed), Decimal(0))
    above = Decimal(round(solution.objective - solution.lower_bound - spared, _DIGITS))
    return OptimisedPlan(
        placed=tuple(sorted(placed, key=_order)),
        unplaceable=tuple(unplaceable),
        misplaced=tuple(built.survey.misplaced),
        surplus=tuple(sorted((*built.survey.surplus, *dropped), key=lambda pod: (pod.namespace, pod.name))),
        suspended=tuple(one.model for one in wanted if one.is_suspended),
        lower_bound_cost_per_hour=max(counted - above, Decimal(0)).quantize(Decimal(1).scaleb(-_DIGITS)),
        consolidations=consolidate(wanted, snapshot, limits.consolidation),
        counted_cost_in_place=_counted(snapshot, {demand.model: demand for demand in wanted}),
    )


def _counted(snapshot: Snapshot, demands: Mapping[ModelKey, Demand]) -> Decimal:
    """Add up what the replicas in place count for, in US dollars per hour."""
    usage, parts = Usage(snapshot), []
    for pod in snapshot.pods:
        demand = demands.get(pod.replica.model) if pod.replica and usage.knows(pod.node) else None
        if pod.replica is None or demand is None:
            continue
        parts.append(usage.replica_cost(pod))
        if variant := demand.variant(pod.replica.variant):
            node = usage.node(pod.node)
            parts.append(latency_penalty(Option(demand, variant, pod.replica.client_site, node), usage))
    return total_cost(parts)


def _targets(built: Built, solution: Solution) -> Iterator[tuple[Pod, Pod | None]]:
    """Give each replica as it should be, with the pod that stays or moves there; None for a new one."""
    problem = built.problem
    waiting: dict[tuple[object, int], list[Pod]] = defaultdict(list)
    node_of = {node.name: number for number, node in enumerate(built.nodes)}
    for pod in sorted(built.survey.movable, key=lambda pod: (pod.namespace, pod.name)):
        waiting[key_of(pod), node_of[pod.node]].append(pod)
    new: list[tuple[int, int]] = []
    for node, held in enumerate(solution.on_node):
        for option, count in sorted(held.items()):
            demand, variant, site = built.choices[option]
            there = waiting[(demand.model, variant.name, site), node]
            for pod in there[:count]:
                yield as_large_as_new(pod, demand), pod
            new += [(option, node)] * max(count - len(there), 0)
            del there[:count]
    left: dict[ModelKey, list[Pod]] = defaultdict(list)
    for pods in waiting.values():
        for pod in pods:
            if pod.replica:
                left[pod.replica.model].append(pod)
    for number, (option, node) in enumerate(sorted(new, key=lambda one: (problem.option_model[one[0]], one))):
        demand, variant, site = built.choices[option]
        was = left[demand.model].pop(0) if left[demand.model] else None
        replica = ReplicaOf(demand.model, variant.name, site)
        name = f"{demand.model.name}-{variant.name}/{number}"  # no name that a real pod can have
        yield Pod(demand.model.namespace, name, built.nodes[node].name, variant.requests, replica), was


def _place_rest(built: Built, solution: Solution, usage: Usage) -> tuple[list[Pod], list[Unplaceable], float]:
    """Say for each group with rejections why one more replica finds no node.

    Should one find a node after all, it is placed there: what is told as rejected has no place. Give these
    replicas too, and the US dollars per hour by which they lower the objective.
    """
    late: list[Pod] = []
    unplaceable: list[Unplaceable] = []
    spared = 0.0
    for group, missing in enumerate(solution.missing):
        option = int((built.problem.option_group == group).argmax())
        demand, _, site = built.choices[option]
        for left in range(missing, 0, -1):
            answer = place(demand, usage, site)
            if isinstance(answer, Unplaceable):
                unplaceable.append(replace(answer, replicas=left))
                break
            late.append(assume(answer, demand, usage))
            spared += float(built.problem.group_penalty[group]) - float(answer.offer.price)
    return late, unplaceable, spared


def _placed(demand: Demand, target: Pod, was: Pod | None, usage: Usage) -> Placed:
    assert target.replica  # noqa: S101  for the type checker
    site = target.replica.client_site
    variant = demand.variant(target.replica.variant) or demand.variants[0]
    penalty = latency_penalty(Option(demand, variant, site, usage.node(target.node)), usage)
    return Placed(
        model=demand.model,
        variant=target.replica.variant,
        client_site=site,
        node=target.node,
        cost_per_hour=usage.replica_cost(target),
        latency_penalty=penalty,
        pod=was,
    )


def _order(one: Placed) -> tuple[ModelKey, str, str, str, str]:
    return one.model, one.client_site or "", one.node, one.variant, one.pod.name if one.pod else ""
