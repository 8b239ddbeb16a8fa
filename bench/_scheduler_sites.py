"""Which client site each pod is for."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from fogline.cluster import objects
from fogline.names import ModelKey
from fogline.observe import to_replica
from fogline.placement import Demand
from fogline.placement.sites import missing_by_site

Split = dict[tuple[str, str], int]
"""How many replicas each variant of a model has for each client site."""


def sited(demands: Iterable[Demand], pods: Iterable[objects.Pod]) -> Iterator[tuple[objects.Pod, str]]:
    """Give the replicas with their client sites; what nobody decided goes where some lack."""
    decided: defaultdict[ModelKey, Counter[str | None]] = defaultdict(Counter)
    undecided: defaultdict[ModelKey, list[objects.Pod]] = defaultdict(list)
    for pod in pods:
        replica = to_replica(pod)
        if replica is None:
            continue
        if replica.client_site is None:
            undecided[replica.model].append(pod)
        else:
            decided[replica.model][replica.client_site] += 1
            yield pod, replica.client_site
    for demand in demands:
        waiting = undecided[demand.model]
        lacking = missing_by_site(demand, decided[demand.model], len(waiting))
        for pod, site in zip(waiting, lacking, strict=True):
            assert site is not None, f"{demand.model} has no client site"
            yield pod, site


def split_of(demands: Iterable[Demand], pods: Iterable[objects.Pod]) -> dict[str, Split]:
    """Count the replicas of each model, by its name."""
    split: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for pod, site in sited(demands, pods):
        if replica := to_replica(pod):
            split[replica.model.name][replica.variant, site] += 1
    return {model: dict(counts) for model, counts in split.items()}
