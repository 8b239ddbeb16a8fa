"""What if: the same cluster with a change that nobody has made yet. Pure: what was read stays as it is."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from fogline import observe
from fogline.api import ModelDeployment
from fogline.cli.inventory import Inventory
from fogline.cli.lookup import refuse_unknown
from fogline.errors import BadInputError
from fogline.observe import model_key
from fogline.snapshot import Node, Snapshot

_NEWEST = datetime.max.replace(tzinfo=UTC)
"""When a ModelDeployment is made that is only about to be: those that exist go first."""


@dataclass(frozen=True, slots=True)
class Change:
    """What would be different."""

    without_nodes: tuple[str, ...] = ()
    costs_per_hour: Mapping[str, Decimal] = field(default_factory=dict)
    """US dollars by node."""
    latencies: Mapping[tuple[str, str | None], int] = field(default_factory=dict)
    """Round trip in milliseconds by site and client site; None for clients in general."""

    def __bool__(self) -> bool:
        return bool(self.without_nodes or self.costs_per_hour or self.latencies)


def changed(found: Inventory, change: Change) -> Inventory:
    """Give the cluster with a change.

    Raises
    ------
    BadInputError
        It names a node, a site or a client site that is not there; the error names the closest.
    """
    snapshot = with_latencies(found.snapshot, change.latencies, client_sites(found.models))
    snapshot = with_costs(snapshot, change.costs_per_hour)
    return replace(found, snapshot=without_nodes(snapshot, change.without_nodes))


def with_added(found: Inventory, added: Inventory) -> Inventory:
    """Give the cluster with more ModelDeployments and Nodes; they take the place of those of the same name.

    A ModelDeployment keeps its age, and a new one is younger than all others, as after `kubectl apply`.

    Raises
    ------
    BadInputError
        There is something else.
    """
    others = [f"Pod {pod.metadata.name}" for pod in added.pods]
    others += [f"NodeProfile {profile.name}" for profile in added.profiles]
    if others:
        raise BadInputError(f"{others[0]} cannot be added: only ModelDeployments and Nodes can")
    models = {model_key(model): model for model in found.models}
    models |= {model_key(model): _as_old_as(models.get(model_key(model)), model) for model in added.models}
    nodes = {**found.snapshot.by_name, **added.snapshot.by_name}
    return replace(
        found,
        models=tuple(models.values()),
        snapshot=observe.snapshot(nodes.values(), found.snapshot.pods),
    )


def without_nodes(snapshot: Snapshot, names: Collection[str]) -> Snapshot:
    """Take nodes away with all pods on them: replicas that ran there are missing."""
    refuse_unknown("node", names, snapshot.by_name)
    gone = set(names)
    return Snapshot(
        tuple(node for node in snapshot.nodes if node.name not in gone),
        tuple(pod for pod in snapshot.pods if pod.node not in gone),
    )


def with_costs(snapshot: Snapshot, costs_per_hour: Mapping[str, Decimal]) -> Snapshot:
    """Change what whole nodes cost, in US dollars."""
    refuse_unknown("node", costs_per_hour, snapshot.by_name)
    nodes = (
        replace(node, cost_per_hour=costs_per_hour.get(node.name, node.cost_per_hour))
        for node in snapshot.nodes
    )
    return Snapshot(tuple(nodes), snapshot.pods)


def with_latencies(
    snapshot: Snapshot, latencies: Mapping[tuple[str, str | None], int], known_clients: Collection[str]
) -> Snapshot:
    """Change the round trips of all nodes of a site, in milliseconds by site and client site."""
    refuse_unknown("site", [site for site, _ in latencies], {node.zone for node in snapshot.nodes})
    refuse_unknown("client site", [client for _, client in latencies if client], known_clients)
    for (site, client), milliseconds in latencies.items():
        nodes = (_at(node, client, milliseconds) if node.zone == site else node for node in snapshot.nodes)
        snapshot = Snapshot(tuple(nodes), snapshot.pods)
    return snapshot


def client_sites(models: Iterable[ModelDeployment]) -> set[str]:
    """Give the client sites that models name."""
    return {client.site for model in models for client in model.spec.placement.clients or ()}


def _at(node: Node, client: str | None, milliseconds: int) -> Node:
    if client is None:
        return replace(node, latency_milliseconds=milliseconds)
    named = {**node.client_site_latency_milliseconds, client: milliseconds}
    return replace(node, client_site_latency_milliseconds=named)


def _as_old_as(before: ModelDeployment | None, model: ModelDeployment) -> ModelDeployment:
    created = before.metadata.creation_timestamp if before else _NEWEST
    metadata = msgspec.structs.replace(model.metadata, creation_timestamp=created)
    return msgspec.structs.replace(model, metadata=metadata)
