"""What becomes of the pods in place: which stay, may move or leave, and what room that makes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fogline.placement.decide import Misplaced, find_misplaced
from fogline.placement.demand import Demand
from fogline.placement.optimiser.masks import takes_new
from fogline.placement.surplus import drop_surplus
from fogline.placement.usage import Usage
from fogline.snapshot import Node, Pod, Snapshot
from fogline.units import max_amounts


@dataclass(slots=True)
class Survey:
    """The pods of a snapshot, sorted by what may become of them."""

    demands: list[Demand] = field(default_factory=list)
    """Those that are not suspended. A variant requests as much as the largest replica of it in place: what is
    injected into one pod will be injected into the next."""
    misplaced: list[Misplaced] = field(default_factory=list)
    surplus: list[Pod] = field(default_factory=list)
    movable: list[Pod] = field(default_factory=list)
    """Replicas that may stay or move."""
    held: list[Pod] = field(default_factory=list)
    """Replicas that stay: their node takes nothing new or is over-committed, so nothing could come back."""
    free: dict[str, dict[str, int]] = field(default_factory=dict)
    """By node: room when everything that may move or leaves is gone; below 0 when over-committed."""


def survey(demands: Sequence[Demand], snapshot: Snapshot) -> Survey:
    """Sort the pods of a snapshot by what may become of them."""
    usage, found = Usage(snapshot), Survey()
    kept: dict[str, list[Pod]] = {}
    as_new: dict[int, Pod] = {}
    for demand in (one for one in demands if not one.is_suspended):
        misplaced = find_misplaced(demand, usage)
        for one in misplaced:
            usage.release(one.pod)
        found.misplaced += misplaced
        found.surplus += drop_surplus(demand, usage)
        pods = [pod for pod, _ in usage.replicas_of(demand.model)]
        found.demands.append(_as_seen(demand, pods))
        awaited, pods = _apart(pods, demand)
        found.held += awaited
        for pod in pods:
            kept.setdefault(pod.node, []).append(pod)
            as_new[id(pod)] = as_large_as_new(pod, found.demands[-1])
    gone = {id(one.pod) for one in found.misplaced} | {id(pod) for pod in found.surplus}
    taken = {node.name: _Taken() for node in snapshot.nodes}
    for pod in snapshot.pods:
        if pod.node in taken and id(pod) not in gone and id(pod) not in as_new:
            taken[pod.node].add(pod)
    for node in usage.nodes:
        staying, pods = taken[node.name], kept.get(node.name, [])
        together = staying.copy()
        for pod in pods:
            together.add(as_new[id(pod)])
        if takes_new(node) and min(together.left_of(node).values(), default=0) >= 0:
            found.movable += pods
        else:
            found.held += pods
            for pod in pods:
                staying.add(pod)
        found.free[node.name] = staying.left_of(node)
    return found


@dataclass(slots=True)
class _Taken:
    """What pods take of a node."""

    by_all: Counter[str] = field(default_factory=Counter)
    by_ours: Counter[str] = field(default_factory=Counter)
    """Of that: by replicas, which may take no more than the share of the node that is theirs."""

    def add(self, pod: Pod) -> None:
        for counts in (self.by_all, self.by_ours) if pod.replica else (self.by_all,):
            for resource, amount in pod.requests.items():  # not by update(), which takes three times as long
                counts[resource] += amount

    def copy(self) -> "_Taken":
        return _Taken(self.by_all.copy(), self.by_ours.copy())

    def left_of(self, node: Node) -> dict[str, int]:
        """Tell what is left for replicas; below 0 where too much is taken."""
        left = {}
        for name in {*node.allocatable, *self.by_all}:
            whole = node.allocatable.get(name, 0)
            share = int(node.capacity_share * whole) - self.by_ours[name]
            left[name] = min(whole - self.by_all[name], share)
        return left


def _apart(pods: Sequence[Pod], demand: Demand) -> tuple[list[Pod], list[Pod]]:
    """Tell the replicas that nothing could replace, for want of an artifact, from those that may move."""
    awaited = {variant.name for variant in demand.variants if variant.is_awaited}
    found: tuple[list[Pod], list[Pod]] = [], []
    for pod in pods:
        found[pod.replica is None or pod.replica.variant not in awaited].append(pod)
    return found


def as_large_as_new(pod: Pod, demand: Demand) -> Pod:
    """Count a replica in place as if it were made now."""
    variant = demand.variant(pod.replica.variant) if pod.replica else None
    return (
        pod
        if variant is None or pod.requests == variant.requests
        else replace(pod, requests=variant.requests)
    )


def _as_seen(demand: Demand, pods: Sequence[Pod]) -> Demand:
    """Request for each variant what the largest replica of it takes."""
    variants = tuple(
        replace(
            variant,
            requests=max_amounts(
                [variant.requests]
                + [pod.requests for pod in pods if pod.replica and pod.replica.variant == variant.name]
            ),
        )
        for variant in demand.variants
    )
    return replace(demand, variants=variants)
