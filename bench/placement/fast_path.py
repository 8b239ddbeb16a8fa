"""How long single decisions take in a large cluster whose replicas are in place."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

import numpy as np
from dev.instances import Instance

from fogline.names import ModelKey
from fogline.placement import Demand, Usage, assume, decide, place
from fogline.placement.answers import Assignment, Unplaceable
from fogline.placement.explain import outbid, say, say_unplaceable, would_be_chosen
from fogline.snapshot import Pod

_ONE = 5000
"""Decisions for one replica."""
_DRAINED = 300
"""Nodes that are drained, one after the other."""


class _Took(NamedTuple):
    """What one decision took, or a moment on both clocks."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took."""

    median_milliseconds: float
    p99_milliseconds: float
    p99_cpu_milliseconds: float
    """The same in time of the processor, which other work on the machine hardly changes."""
    per_second: float
    """How often it was done in one second on average."""


@dataclass(frozen=True, slots=True)
class FastPath:
    """What was measured."""

    nodes: int
    replicas: int
    one_replica: Times
    """A replica is placed or rejected, the reasons are put into words, and its room is taken."""
    rejected: int
    """So many of those replicas found no node."""
    drained_node: Times
    """A node is cordoned, and every model that lost a replica there is decided anew."""
    lost: float
    """Replicas on a drained node on average."""


def measure_fast_path(instance: Instance) -> FastPath:
    """Measure single decisions."""
    random = Random(1)  # noqa: S311  a sample is no secret
    usage = Usage(instance.snapshot)
    demands = {demand.model: demand for demand in instance.demands}
    one, rejected = _place(usage.fork(), list(demands.values()), random)
    drained, lost = _drain(usage, demands, instance.snapshot.pods, random)
    return FastPath(
        nodes=len(usage.nodes),
        replicas=len(instance.snapshot.pods),
        one_replica=_times(one),
        rejected=rejected,
        drained_node=_times(drained),
        lost=float(np.mean(lost)),
    )


def _place(usage: Usage, demands: Sequence[Demand], random: Random) -> tuple[list[_Took], int]:
    """Place one more replica of random models; those with many replicas are asked for more often."""
    took: list[_Took] = []
    rejected = 0
    for demand in random.choices(demands, [demand.replicas for demand in demands], k=_ONE):
        site = random.choice(demand.clients).site
        began = _now()
        answer = place(demand, usage, site)
        explain(answer)
        if isinstance(answer, Assignment):
            assume(answer, demand, usage)
        took.append(_since(began))
        rejected += isinstance(answer, Unplaceable)
    return took, rejected


def _drain(
    usage: Usage, demands: Mapping[ModelKey, Demand], pods: Sequence[Pod], random: Random
) -> tuple[list[_Took], list[int]]:
    """Drain random nodes that have replicas, each in the same cluster."""
    on_node: dict[str, list[Pod]] = {}
    for pod in pods:
        on_node.setdefault(pod.node, []).append(pod)
    took: list[_Took] = []
    lost: list[int] = []
    for name in random.sample(sorted(on_node), min(_DRAINED, len(on_node))):
        began = _now()
        fork = usage.fork()
        for pod in on_node[name]:
            fork.remove(pod)
        fork.change_nodes({name: replace(fork.node(name), cordoned=True)})
        for model in dict.fromkeys(pod.replica.model for pod in on_node[name] if pod.replica):
            decision = decide(demands[model], fork)
            answers: list[Assignment | Unplaceable] = [*decision.assignments, *decision.unplaceable]
            for answer in answers:
                explain(answer)
        took.append(_since(began))
        lost.append(len(on_node[name]))
    return took, lost


def explain(answer: Assignment | Unplaceable) -> str:
    """Put an answer into words, as the status and the Events do."""
    if isinstance(answer, Unplaceable):
        return say_unplaceable(answer)
    closest = answer.counterfactual
    parts = (outbid(answer), say(answer.refused), would_be_chosen(closest) if closest else None)
    return "; ".join(part for part in parts if part)


def _now() -> _Took:
    return _Took(time.perf_counter(), time.thread_time())


def _since(began: _Took) -> _Took:
    now = _now()
    return _Took(now.seconds - began.seconds, now.cpu_seconds - began.cpu_seconds)


def _times(took: Sequence[_Took]) -> Times:
    seconds, cpu_seconds = np.array(took).T
    median, p99 = np.percentile(seconds, (50, 99)) * 1000
    cpu = np.percentile(cpu_seconds, 99) * 1000
    return Times(float(median), float(p99), float(cpu), len(seconds) / float(seconds.sum()))
