"""The decision for one ModelDeployment: which replicas stay, which are too many, where missing ones go."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from fogline.memo import Memo
from fogline.names import ModelKey
from fogline.placement.answers import Assignment, Rejection, Unplaceable
from fogline.placement.demand import Demand
from fogline.placement.place import assume, place
from fogline.placement.requirements import POLICY, Option, refusals, tier_not_served
from fogline.placement.sites import missing_by_site
from fogline.placement.surplus import drop_surplus
from fogline.placement.usage import Usage
from fogline.snapshot import Node, Pod, ReplicaOf

_NOTHING_ASKED: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A replica whose node no longer meets the requirements that must hold while it runs."""

    pod: Pod
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What should become of the replicas of one ModelDeployment."""

    model: ModelKey
    kept: tuple[Pod, ...] = ()
    misplaced: tuple[Misplaced, ...] = ()
    """They hold their room until they are gone, but are replaced."""
    surplus: tuple[Pod, ...] = ()
    """More than wanted: the first one should go first."""
    assignments: tuple[Assignment, ...] = ()
    unplaceable: tuple[Unplaceable, ...] = ()
    is_suspended: bool = False
    """Nothing is placed or moved, whatever is missing."""

    @property
    def waiting(self) -> int:
        """Replicas that no node is left for."""
        return sum(answer.replicas for answer in self.unplaceable)

    def assigned_by_variant(self) -> Counter[str]:
        """Count the replicas that have a node, kept or assigned now."""
        counts = Counter(pod.replica.variant for pod in self.kept if pod.replica)
        counts.update(assignment.variant for assignment in self.assignments)
        return counts

    def desired_by_variant(self) -> Counter[str]:
        """Count the replicas that each variant should have: those with a node and waiting ones."""
        counts = self.assigned_by_variant()
        for answer in self.unplaceable:
            counts[answer.variant] += answer.replicas
        return counts


def decide(demand: Demand, usage: Usage, asked: Mapping[str, int] = _NOTHING_ASKED) -> Decision:
    """Keep what may stay and place what is missing, one replica after the other.

    `usage` is brought up to date: it counts what is assigned here and no more what is misplaced or surplus,
    so the next ModelDeployment sees what this one leaves. A suspended ModelDeployment keeps what it has.

    Parameters
    ----------
    asked
        Replicas by variant that were asked for before. Those that are on no node yet have pods on their way,
        so they stay with their variant where it has a node for them, even if another one is better by now.
    """
    if demand.is_suspended:
        return Decision(demand.model, kept=_pods(demand, usage), is_suspended=True)
    coming = Counter(asked)
    coming.subtract(replica.variant for _, replica in usage.replicas_of(demand.model))
    misplaced = find_misplaced(demand, usage)
    for one in misplaced:
        usage.release(one.pod)
    surplus = drop_surplus(demand, usage)
    kept = _pods(demand, usage)
    held = usage.of(demand.model).per_client_site
    assignments: list[Assignment] = []
    unplaceable: dict[str | None, Unplaceable] = {}
    for site in missing_by_site(demand, held, demand.replicas - len(kept)):
        if known := unplaceable.get(site):  # room only shrinks here: asking again cannot help
            unplaceable[site] = replace(known, replicas=known.replicas + 1)
            continue
        answer = _place_next(demand, usage, site, coming)
        if isinstance(answer, Unplaceable):
            unplaceable[site] = answer
            continue
        coming[answer.variant] -= 1
        assume(answer, demand, usage)
        assignments.append(answer)
    return Decision(
        model=demand.model,
        kept=kept,
        misplaced=misplaced,
        surplus=surplus,
        assignments=tuple(assignments),
        unplaceable=tuple(unplaceable.values()),
    )


def _place_next(
    demand: Demand, usage: Usage, site: str | None, coming: Counter[str]
) -> Assignment | Unplaceable:
    """Place one replica, where possible one whose pod is on its way."""
    best = place(demand, usage, site)
    variants = tuple(variant for variant in demand.variants if coming[variant.name] > 0)
    if isinstance(best, Unplaceable) or not variants or coming[best.variant] > 0:
        return best
    staying = place(replace(demand, variants=variants), usage, site)
    return staying if isinstance(staying, Assignment) else best


def place_waiting(demand: Demand, usage: Usage) -> Assignment | Unplaceable:
    """Choose the node of a pod that exists already, so that its client site is free but not its variant.

    Of the client sites that lack replicas the one is taken that the pod can serve at the lowest cost. An
    assignment tells nothing about other nodes.

    Parameters
    ----------
    demand
        Narrowed to the variant of the pod.
    """
    held = usage.of(demand.model).per_client_site
    missing = max(demand.replicas - held.total(), 1)  # one more than wanted replaces one that is leaving
    sites = dict.fromkeys(missing_by_site(demand, held, missing))
    answers = [place(demand, usage, site, is_explained=False) for site in sites]
    assigned = [answer for answer in answers if isinstance(answer, Assignment)]
    return min(assigned, key=lambda one: one.offer.price) if assigned else answers[0]


def policy_refusals(demand: Demand, replica: ReplicaOf, node: Node, usage: Usage) -> tuple[Rejection, ...]:
    """Tell which requirements a replica breaks that must hold for as long as it runs.

    Room, readiness, cordon and limits are not among them: they only say where nothing new goes.
    """
    judged = _JUDGED.get(demand, lambda _: {})
    key = replica.variant, replica.client_site, node.name
    known = judged.get(key)
    if known is None or known[0] is not node:
        known = judged[key] = node, _policy_refusals(demand, replica, node, usage)
    return known[1]


_JUDGED: Memo[Demand, dict[tuple[str, str | None, str], tuple[Node, tuple[Rejection, ...]]]] = Memo(most=4096)
"""By variant, client site and node: what was found of a node stays so as long as that is the same."""


def _policy_refusals(demand: Demand, replica: ReplicaOf, node: Node, usage: Usage) -> tuple[Rejection, ...]:
    variant = demand.variant(replica.variant)
    if variant is None or variant.tier is not node.tier:
        return (tier_not_served(demand, node),)
    return refusals(Option(demand, variant, replica.client_site, node), usage, POLICY)


def _pods(demand: Demand, usage: Usage) -> tuple[Pod, ...]:
    return tuple(pod for pod, _ in usage.replicas_of(demand.model))


def find_misplaced(demand: Demand, usage: Usage) -> tuple[Misplaced, ...]:
    """Find the replicas that have to leave because of a requirement that must hold while they run."""
    found = (
        (pod, policy_refusals(demand, replica, usage.node(pod.node), usage))
        for pod, replica in usage.replicas_of(demand.model)
    )
    return tuple([Misplaced(pod, rejections) for pod, rejections in found if rejections])
