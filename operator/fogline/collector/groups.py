"""Adds up what pods did: by node, site, tier, model and revision."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import TypeVar

from fogline.collector import formulas
from fogline.collector.answer import Agreement, Clients, Figures, Latency, Revision, Use
from fogline.collector.facts import Decided, Device, Model, Replica
from fogline.collector.reading import Increase, together
from fogline.collector.window import Followed
from fogline.names import ModelKey
from fogline.units import format_usd

UNKNOWN = ""
"""Site of a node that is gone, and tier of a pod that does not say."""
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Member:
    """A pod with all that is known of it."""

    replica: Replica
    is_there: bool
    increase: Increase | None
    of_clients: Increase | None
    """The same without the times in which it was sent samples."""
    memory_bytes: float | None
    cores: float | None
    """As the metrics API of the cluster has it; None where it is not asked."""
    load_microseconds: float | None
    site: str
    decided: Decided


def members(
    followed: Iterable[Followed], devices: Mapping[str, Device], models: Mapping[ModelKey, Model]
) -> list[Member]:
    """Join pods with their nodes and with what was decided of them."""
    return [_member(one, devices, models) for one in followed]


def _member(one: Followed, devices: Mapping[str, Device], models: Mapping[ModelKey, Model]) -> Member:
    replica, reading = one.replica, one.reading
    device, model = devices.get(replica.node), models.get(replica.model)
    place = (replica.node, replica.variant, replica.client_site)
    cores, used = one.usage or (None, None)
    said = reading.memory_bytes if reading and not one.trouble else None
    return Member(
        replica=replica,
        is_there=one.is_there,
        increase=one.increase,
        of_clients=one.of_clients,
        memory_bytes=used if said is None else said,
        cores=cores,
        load_microseconds=reading.load_microseconds if reading else None,
        site=device.site if device else UNKNOWN,
        decided=model.decided.get(place, Decided()) if model else Decided(),
    )


def by(found: Iterable[Member], key: Callable[[Member], K]) -> dict[K, list[Member]]:
    """Put pods into groups, ordered by key."""
    groups: defaultdict[K, list[Member]] = defaultdict(list)
    for one in found:
        groups[key(one)].append(one)
    return {name: groups[name] for name in sorted(groups, key=str)}


RevisionKey = tuple[ModelKey, str, str]
"""Model, variant and template."""


def revisions(found: Iterable[Member], agreements: Mapping[RevisionKey, Agreement]) -> tuple[Revision, ...]:
    """Tell apart the templates that pods of one variant were made from."""
    groups = by(found, lambda one: (one.replica.model, one.replica.variant, one.replica.revision))
    return tuple(
        Revision(
            namespace=model.namespace,
            model=model.name,
            variant=variant,
            revision=revision,
            version=group[0].replica.version,
            tier=group[0].replica.tier,
            figures=figures(group),
            clients=_clients(group),
            agreement=agreements.get((model, variant, revision)),
        )
        for (model, variant, revision), group in groups.items()
    )


def _clients(group: Iterable[Member]) -> Clients:
    total = reduce(together, (one.of_clients for one in group if one.of_clients), Increase(0, 0))
    return Clients(requests=total.requests, failed=total.failed, latency_milliseconds=_latency(total))


def figures(group: Sequence[Member], nodes: Iterable[Device] | None = None) -> Figures:
    """Give the figures of a group of pods.

    Parameters
    ----------
    nodes
        Those that the group is all of ours on; None where it has no nodes of its own.
    """
    there = [one for one in group if one.is_there]
    increases = [one.increase for one in group if one.increase]
    total = reduce(together, increases) if increases else Increase(0, 0)
    rate = formulas.throughput(total.requests, total.seconds)
    cost = _cost(there)
    per_1000 = None if cost is None else formulas.cost_per_1000_requests(cost, rate)
    loads = [one.load_microseconds for one in there if one.load_microseconds is not None]
    trips = [one.decided.latency_milliseconds for one in there]
    known_trips = [trip for trip in trips if trip is not None]
    devices = None if nodes is None else list(nodes)
    return Figures(
        replicas=len(there),
        seconds=round(total.seconds, 3),
        requests=total.requests,
        failed=total.failed,
        throughput_per_second=_rounded(rate),
        error_rate=_rounded(formulas.error_rate(total.failed, total.requests)),
        latency_milliseconds=_latency(total),
        cpu=_use(there, "cpu", 1000, _cores(there), devices),
        memory=_use(there, "memory", 1, _memory(there), devices),
        load_milliseconds=_rounded(sum(loads) / len(loads) / 1000) if loads else None,
        cost_per_hour=None if cost is None else format_usd(cost),
        cost_per_1000_requests=None if per_1000 is None else format_usd(per_1000),
        decided_latency_milliseconds=_rounded(sum(known_trips) / len(known_trips)) if known_trips else None,
    )


def _latency(total: Increase) -> Latency | None:
    mean = formulas.mean_latency(total.latency_microseconds, total.buckets)
    if mean is None:
        return None
    quantiles = {
        name: round(formulas.latency_quantile(share, total.buckets) or 0, 4)
        for name, share in _QUANTILES.items()
    }
    return Latency(mean=round(mean, 4), **quantiles)


def _cost(there: Iterable[Member]) -> Decimal | None:
    """Add up what replicas cost; None while it is unknown of one: half of a sum would look like a bargain."""
    costs = [one.decided.cost_per_hour for one in there]
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(costs) else None


def _cores(there: Iterable[Member]) -> list[tuple[Member, float]]:
    """Give the pods of which it is known how many cores they use; their own word beats the cluster's."""
    found = []
    for one in there:
        seconds = one.increase.cpu_seconds if one.increase else None
        if one.increase is not None and seconds is not None:
            found.append((one, seconds / one.increase.cpu_covered_seconds))
        elif one.cores is not None:
            found.append((one, one.cores))
    return found


def _memory(there: Iterable[Member]) -> list[tuple[Member, float]]:
    return [(one, one.memory_bytes) for one in there if one.memory_bytes is not None]


def _use(
    there: Sequence[Member],
    resource: str,
    unit: int,
    used_by: Sequence[tuple[Member, float]],
    devices: Sequence[Device] | None,
) -> Use:
    """Hold what is used against what is there for it; shares are of the pods whose use is known."""
    used = sum(amount for _, amount in used_by) if used_by else None
    requested = _sum(one.replica.requested.get(resource, 0) for one, _ in used_by) / unit
    limits = [one.replica.limits.get(resource) for one in there]
    known_limits = [limit for limit in limits if limit is not None]
    allocatable = (
        None if devices is None else _sum(one.allocatable.get(resource, 0) for one in devices) / unit
    )
    return Use(
        used=_rounded(used),
        requested=_sum(one.replica.requested.get(resource, 0) for one in there) / unit,
        limit=sum(known_limits) / unit if known_limits and len(known_limits) == len(limits) else None,
        allocatable=allocatable,
        of_requested=_rounded(formulas.utilisation(used, requested)),
        of_allocatable=_rounded(formulas.utilisation(used, allocatable)),
    )


def _sum(amounts: Iterable[int]) -> int:
    return sum(amounts)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
