"""Instances of the placement problem from files (``placement-instance/1``), and answers for a checker."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fogline.placement.optimiser.problem import NO_LIMIT, Floats, Ints, Limited, Problem, Standing

_TIERS = ("cloud", "edge")


@dataclass(frozen=True, slots=True)
class FileInstance:
    """A problem, and what its numbers stand for."""

    name: str
    problem: Problem
    options: tuple[tuple[str, str], ...]
    """Model and client site of each option."""
    nodes: tuple[str, ...]


def read(path: Path) -> FileInstance:
    """Read an instance, plain or gzipped."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt") as file:
        found = json.load(file)
    assert found["schema"] == "placement-instance/1", f"{path} is no placement-instance/1"
    return _instance(found)


def assignment(instance: FileInstance, rows: Ints) -> dict[str, Any]:
    """Write a plan (option, node, replicas) as ``placement-assignment/1``."""
    placements = [
        [*instance.options[option], instance.nodes[node], count] for option, node, count in rows.tolist()
    ]
    return {"schema": "placement-assignment/1", "instance": instance.name, "placements": placements}


def _instance(found: Mapping[str, Any]) -> FileInstance:
    models, nodes = found["models"], found["nodes"]
    kinds, node_class = _classes(found)
    groups = [(number, demand) for number, model in enumerate(models) for demand in model["demand"]]
    choices = [
        (group, number, demand, tier)
        for group, (number, demand) in enumerate(groups)
        for tier in _TIERS
        if tier in models[number]["requests"]
    ]
    requests = np.array(
        [models[number]["requests"][tier] for _, number, _, tier in choices], dtype=np.float64
    )
    capacity = np.array([kind["capacity"] for kind in kinds], dtype=np.float64)
    latency = _latencies(found, choices, kinds)
    target = np.array([demand["slo_ms"] for _, _, demand, _ in choices])[:, None]
    penalty = np.array([models[number]["latency_penalty_per_ms"] for _, number, _, _ in choices])[:, None]
    by_share = np.array([kind["billing"] == "share" for kind in kinds])
    price = np.array([kind["cost_per_hour"] for kind in kinds], dtype=np.float64)
    share = np.where(capacity > 0, requests[:, None, :] / np.where(capacity > 0, capacity, 1)[None], 0.0).max(
        axis=2
    )
    feasible = np.array(
        [[_allowed(models[number], tier, kind) for kind in kinds] for _, number, _, tier in choices]
    )
    maxima = [np.inf if demand["max_ms"] is None else demand["max_ms"] for _, _, demand, _ in choices]
    problem = Problem(
        option_group=np.array([group for group, _, _, _ in choices], dtype=np.int64),
        group_model=np.array([number for number, _ in groups], dtype=np.int64),
        group_replicas=np.array([demand["replicas"] for _, demand in groups], dtype=np.int64),
        group_penalty=np.array(
            [models[number]["unplaced_penalty"] for number, _ in groups], dtype=np.float64
        ),
        requests=requests,
        feasible=feasible & np.isfinite(latency) & (latency <= np.array(maxima)[:, None]),
        share_cost=np.where(by_share, share * price, 0.0),
        latency_cost=penalty * np.maximum(np.where(np.isfinite(latency), latency, 0) - target, 0),
        class_capacity=capacity,
        class_price=np.where(by_share, 0.0, price),
        class_is_paid=np.zeros(len(kinds), dtype=bool),
        class_tier=np.array([_TIERS.index(kind["tier"]) for kind in kinds], dtype=np.int64),
        node_class=node_class,
        node_zone=_codes([node["zone"] for node in nodes]),
        limits=_limits(models),
        standing=_standing(found, choices),
    )
    problem = replace(problem, standing=replace(problem.standing, movable=_movable(found, choices, problem)))
    names = tuple((models[number]["id"], demand["client"]) for _, number, demand, _ in choices)
    return FileInstance(found["name"], problem, names, tuple(node["id"] for node in nodes))


def _classes(found: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], Ints]:
    """Merge nodes that differ in name and zone only."""
    kinds: dict[str, tuple[int, Mapping[str, Any]]] = {}
    numbers = []
    for node in found["nodes"]:
        key = json.dumps({name: value for name, value in node.items() if name not in {"id", "zone"}})
        numbers.append(kinds.setdefault(key, (len(kinds), node))[0])
    return [node for _, node in kinds.values()], np.array(numbers, dtype=np.int64)


def _latencies(found: Mapping[str, Any], choices: list[Any], kinds: list[Mapping[str, Any]]) -> Floats:
    table = np.array(
        [[np.inf if one is None else one for one in row] for row in found["latency_ms"]], dtype=np.float64
    )
    sites = [found["sites"].index(kind["site"]) for kind in kinds]
    clients = [found["client_sites"].index(demand["client"]) for _, _, demand, _ in choices]
    return table[np.ix_(sites, clients)].T


def _allowed(model: Mapping[str, Any], tier: str, node: Mapping[str, Any]) -> bool:
    regions, accelerators = model["jurisdictions"], model["accel_types"]
    return (
        node["schedulable"]
        and node["tier"] == tier
        and node["clearance"] >= model["sensitivity"]
        and (regions is None or node["jurisdiction"] in regions)
        and (accelerators is None or node["accel_type"] in accelerators)
    )


def _limits(models: list[Mapping[str, Any]]) -> Limited:
    wanted = [sum(demand["replicas"] for demand in model["demand"]) for model in models]
    per_node = [NO_LIMIT if one["max_per_node"] is None else one["max_per_node"] for one in models]
    per_zone = [
        NO_LIMIT if one["max_zone_share"] is None else int(np.ceil(one["max_zone_share"] * total - 1e-9))
        for one, total in zip(models, wanted, strict=True)
    ]
    return Limited(
        per_node=np.array(per_node, dtype=np.int64),
        per_zone=np.array(per_zone, dtype=np.int64),
        per_tier=np.full((len(models), len(_TIERS)), NO_LIMIT, dtype=np.int64),
        cost_per_hour=np.full(len(models), np.inf),
    )


def _standing(found: Mapping[str, Any], choices: list[Any]) -> Standing:
    """Say that nothing is fixed. What a move costs is one number for all models here: their mean."""
    models, nodes = len(found["models"]), len(found["nodes"])
    costs = [model["move_cost"] for model in found["models"]]
    return Standing(
        replicas=np.zeros((models, nodes), dtype=np.int64),
        others=np.zeros(nodes, dtype=np.int64),
        share_cost_per_hour=np.zeros(models),
        movable=np.zeros((0, 3), dtype=np.int64),
        move_cost=float(np.mean(costs)) if choices else 0.0,
    )


def _movable(found: Mapping[str, Any], choices: list[Any], problem: Problem) -> Ints:
    """Say which client site each replica in place serves, as the file does not: the nearest that lacks one.

    Replicas where they may not run any more are gone.
    """
    lacking = problem.group_replicas.copy()
    rows: list[tuple[int, int, int]] = []
    for model, node, count in found["current"]:
        kind, left = problem.node_class[node], count
        options = [
            option
            for option, (_, number, _, _) in enumerate(choices)
            if number == model and problem.feasible[option, kind]
        ]
        for option in sorted(options, key=lambda one: (problem.latency_cost[one, kind], one)):
            group = problem.option_group[option]
            taken = min(left, int(lacking[group]))
            if taken:
                rows.append((option, node, taken))
                lacking[group] -= taken
                left -= taken
    return np.array(rows, dtype=np.int64).reshape(len(rows), 3)


def _codes(values: list[str]) -> Ints:
    codes = {value: code for code, value in enumerate(dict.fromkeys(values))}
    return np.array([codes[value] for value in values], dtype=np.int64)
