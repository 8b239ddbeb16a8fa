"""Clusters made from a seed: the same everywhere, sound, and readable as Kubernetes documents."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from dev.instances import (
    CITIES,
    SIZES,
    Instance,
    after_events,
    documents,
    from_scratch,
    rebalance,
    round_trip_milliseconds,
    settled,
)

from fogline.cli.dump import split
from fogline.cli.inventory import Inventory, take_inventory
from fogline.config import Settings
from fogline.placement import Demand, Usage, demand_of, place
from fogline.placement.answers import Unplaceable
from fogline.snapshot import Node, Pod, Snapshot

NOW = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("size", ["tiny", "small"])
def test_a_size_and_a_seed_always_give_the_same_cluster(size: str) -> None:
    assert from_scratch(size) == from_scratch(size)
    assert from_scratch(size, seed=2) != from_scratch(size)
    assert len(from_scratch(size).snapshot.nodes) == SIZES[size]
    assert rebalance("tiny") == rebalance("tiny")


def test_round_trips_grow_with_the_distance_whichever_way_they_go() -> None:
    assert round_trip_milliseconds("paris", "paris") == 2
    assert round_trip_milliseconds("paris", "london") < round_trip_milliseconds("paris", "athens")
    for city in CITIES:
        assert round_trip_milliseconds(city, "oslo") == round_trip_milliseconds("oslo", city)


def test_the_largest_cluster_wants_about_28000_replicas() -> None:
    assert from_scratch("large").replicas == pytest.approx(28_000, rel=0.01)


def test_some_models_ask_for_what_no_node_can_give() -> None:
    instance = from_scratch("small")
    usage = Usage(instance.snapshot)
    refused = [one for one in instance.demands if cannot_run(one, usage)]
    assert 1 <= len(refused) < len(instance.demands) / 10


def cannot_run(demand: Demand, usage: Usage) -> bool:
    """Tell whether an empty cluster has no node for a replica for any client site."""
    return all(isinstance(place(demand, usage, client.site), Unplaceable) for client in demand.clients)


@pytest.fixture(scope="module")
def in_place() -> Instance:
    return settled("small")


def test_a_rebalance_starts_from_drained_shrunk_and_repriced_nodes_with_replicas_that_fit(
    in_place: Instance,
) -> None:
    before, after = in_place.snapshot, after_events(in_place).snapshot
    pairs = list(zip(before.nodes, after.nodes, strict=True))
    drained = {node.name for node in after.nodes if node.cordoned}
    assert drained
    assert not drained & {pod.node for pod in after.pods}
    assert any(now.allocatable["cpu"] < was.allocatable["cpu"] for was, now in pairs)
    assert any(now.cost_per_hour != was.cost_per_hour for was, now in pairs)
    assert len(after.pods) < len(before.pods)
    usage = Usage(after)
    assert min(usage.free("cpu").min(), usage.free("memory").min()) >= 0


def test_demand_drifts_in_both_directions(in_place: Instance) -> None:
    before, after = in_place.models, after_events(in_place).models
    changes = [now.spec.replicas - was.spec.replicas for was, now in zip(before, after, strict=True)]
    assert min(changes) < 0 < max(changes)


@pytest.mark.parametrize(("scenario", "size"), [(from_scratch, "small"), (rebalance, "tiny")])
def test_documents_say_the_same_as_the_instance(scenario: Callable[[str], Instance], size: str) -> None:
    instance = scenario(size)
    found = read(documents(instance))
    assert [demand_of(model) for model in found.models] == list(instance.demands)
    assert without_labels(found.snapshot) == without_labels(instance.snapshot)


def read(documents: Any) -> Inventory:
    """Read documents as ``fogline plan`` does; a warning is a mistake here."""
    dump = split("dump.json", json.dumps(documents).encode())
    assert dump
    return take_inventory(dump.all(), Settings(), NOW, pytest.fail)


def without_labels(snapshot: Snapshot) -> tuple[dict[str, Node], dict[str, Pod]]:
    """Leave out what documents have more of: the labels that say the other facts."""
    nodes = {node.name: replace(node, labels={}) for node in snapshot.nodes}
    return nodes, {pod.name: pod for pod in snapshot.pods}
