"""What happens in the simulated days, drawn from a seed: the same for everybody who is compared."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import TypeAlias

from dev.instances.nodes import MACHINE_LABEL

from bench.moves.world import World
from fogline.api import Tier
from fogline.names import ModelKey

DAY = 86_400.0
_CENT_OF_A_CENT = Decimal("0.0001")

_DAYS_BETWEEN_FAILURES = {Tier.CLOUD: 90.0, Tier.EDGE: 45.0}
_DAYS_BETWEEN_CUTS = 30.0
"""Of the link of one site."""
_DAYS_BETWEEN_REPAIRS = 60.0
"""Each node is drained and started anew about every other month, for updates."""
_REPRICED = 4
"""One machine type and region of so many changes its price each day."""
_WAVING = 16
"""One model of so many wants more in the day than at night."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A machine loses its power for some seconds."""

    node: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Cut:
    """All machines of a site lose their link for some seconds."""

    nodes: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A node is drained, started anew and used again."""

    node: str


@dataclass(frozen=True, slots=True)
class Prices:
    """Nodes cost other amounts from now on, in US dollars per hour."""

    by_node: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Scale:
    """Models want other numbers of replicas from now on."""

    replicas: dict[ModelKey, int]


Happening: TypeAlias = Failure | Cut | Maintenance | Prices | Scale


def make_trace(world: World, days: int, seed: int) -> list[tuple[float, Happening]]:
    """Give what happens and when, in seconds from the beginning."""
    random = Random(f"trace/{seed}")  # noqa: S311  an accident is no secret
    found = [
        *_failures(world, days, random),
        *_cuts(world, days, random),
        *_maintenance(world, days, random),
        *_prices(world, days, random),
        *_waves(world, days, random),
    ]
    return sorted(found, key=lambda one: one[0])


def _times(every_days: float, days: int, random: Random) -> Iterator[float]:
    """Give the times of a Poisson process."""
    moment = random.expovariate(1 / every_days)
    while moment < days:
        yield DAY * moment
        moment += random.expovariate(1 / every_days)


def _failures(world: World, days: int, random: Random) -> Iterator[tuple[float, Happening]]:
    for node in world.nodes:
        for moment in _times(_DAYS_BETWEEN_FAILURES[node.tier], days, random):
            yield moment, Failure(node.name, random.uniform(120, 7200))


def _cuts(world: World, days: int, random: Random) -> Iterator[tuple[float, Happening]]:
    sites: defaultdict[str, list[str]] = defaultdict(list)
    for node in world.nodes:
        if node.tier is Tier.EDGE:
            sites[node.zone].append(node.name)
    for nodes in sites.values():
        for moment in _times(_DAYS_BETWEEN_CUTS, days, random):
            yield moment, Cut(tuple(nodes), random.uniform(30, 3600))


def _maintenance(world: World, days: int, random: Random) -> Iterator[tuple[float, Happening]]:
    """Let one node after the other have its turn, in the working hours of the month."""
    for number, node in enumerate(random.sample(world.nodes, len(world.nodes))):
        moment = _DAYS_BETWEEN_REPAIRS * number / len(world.nodes)
        day, hour = divmod(moment, 1.0)
        if moment < days:
            yield DAY * (day + (8 + 9 * hour) / 24), Maintenance(node.name)


def _prices(world: World, days: int, random: Random) -> Iterator[tuple[float, Happening]]:
    """Let cloud prices go up and down around what they were, as spot prices do."""
    kinds: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    first = {node.name: node.cost_per_hour for node in world.nodes}
    for node in world.nodes:
        if node.tier is Tier.CLOUD:
            kinds[node.labels[MACHINE_LABEL], node.region or ""].append(node.name)
    for day in range(1, days):
        changed: dict[str, Decimal] = {}
        for names in kinds.values():
            if random.randrange(_REPRICED):
                continue
            factor = Decimal(random.choice(("0.7", "0.85", "1", "1.2", "1.4")))
            changed |= {name: (first[name] * factor).quantize(_CENT_OF_A_CENT) for name in names}
        yield DAY * (day + 0.01), Prices(changed)


def _waves(world: World, days: int, random: Random) -> Iterator[tuple[float, Happening]]:
    """Let the demand of some models follow the day: up in the morning, down in the evening."""
    for model in world.models:
        if random.randrange(_WAVING):
            continue
        key = ModelKey(model.metadata.namespace or "default", model.metadata.name)
        least, swing, shift = model.spec.replicas, random.uniform(0.2, 0.8), random.uniform(-0.05, 0.05)
        for day in range(days):
            most = math.ceil(least * (1 + swing * random.uniform(0.7, 1.3)))
            yield DAY * (day + 0.3 + shift), Scale({key: most})
            yield DAY * (day + 0.8 + shift), Scale({key: least})
