"""Clusters of any size made from a seed, for benchmarks and tests of the optimiser.

Real cities and real distances, cloud regions with zones, machine shapes with prices in the usual proportions,
edge sites near people. All numbers are drawn from the seed, so a size is the same cluster everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from math import asin, cos, radians, sin, sqrt
from random import Random

from fogline.api import Billing, DataSensitivity, Tier
from fogline.names import ModelKey
from fogline.placement.demand import ClientDemand, Demand, LatencyDemand, VariantDemand
from fogline.snapshot import Node, Snapshot

SIZES = {"tiny": 15, "small": 150, "medium": 700, "large": 5000}
"""Number of nodes."""

CITIES = {
    "amsterdam": (52.4, 4.9), "athens": (38.0, 23.7), "barcelona": (41.4, 2.2), "berlin": (52.5, 13.4),
    "bordeaux": (44.8, -0.6), "brussels": (50.8, 4.4), "bucharest": (44.4, 26.1), "budapest": (47.5, 19.0),
    "copenhagen": (55.7, 12.6), "dublin": (53.3, -6.3), "frankfurt": (50.1, 8.7), "hamburg": (53.6, 10.0),
    "helsinki": (60.2, 24.9), "lisbon": (38.7, -9.1), "london": (51.5, -0.1), "lyon": (45.8, 4.8),
    "madrid": (40.4, -3.7), "manchester": (53.5, -2.2), "marseille": (43.3, 5.4), "milan": (45.5, 9.2),
    "munich": (48.1, 11.6), "naples": (40.9, 14.3), "oslo": (59.9, 10.8), "paris": (48.9, 2.4),
    "porto": (41.1, -8.6), "prague": (50.1, 14.4), "riga": (56.9, 24.1), "rome": (41.9, 12.5),
    "seville": (37.4, -6.0), "sofia": (42.7, 23.3), "stockholm": (59.3, 18.1), "vienna": (48.2, 16.4),
    "vilnius": (54.7, 25.3), "warsaw": (52.2, 21.0), "zagreb": (45.8, 16.0), "zurich": (47.4, 8.5),
}  # fmt: skip
"""Latitude and longitude in degrees."""
REGIONS = ("frankfurt", "dublin", "stockholm")
"""Where the clouds are."""
_GIB = 1024**3
_ACCELERATOR = "nvidia.com/gpu"
_CREATED = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A machine that can be had."""

    cores: int
    gibibytes: int
    accelerators: int
    cost_per_hour: str
    """US dollars."""


_CLOUD = (
    _Shape(4, 16, 0, "0.19"), _Shape(8, 32, 0, "0.38"), _Shape(16, 64, 0, "0.77"), _Shape(8, 64, 0, "0.50"),
    _Shape(32, 128, 0, "1.54"), _Shape(8, 32, 1, "0.75"), _Shape(32, 128, 4, "3.90"),
)  # fmt: skip
_EDGE = (_Shape(4, 8, 0, "0.12"), _Shape(8, 16, 0, "0.22"), _Shape(16, 32, 1, "0.60"))
_REQUESTS = ((250, 1, 0), (500, 1, 0), (1000, 2, 0), (1000, 6, 0), (2000, 4, 0), (4000, 8, 0), (3000, 8, 1))
"""Millicores, gibibytes and accelerators of one replica."""


def make(size: str, seed: int = 1) -> tuple[tuple[Demand, ...], Snapshot]:
    """Make a cluster without a replica, and models that want about half of it.

    Parameters
    ----------
    size
        One of `SIZES`.
    """
    random = Random(f"{size}/{seed}")  # noqa: S311  a cluster is no secret
    nodes = tuple(_nodes(SIZES[size], random))
    return tuple(_demands(nodes, random)), Snapshot(nodes)


def round_trip_milliseconds(one: str, other: str) -> int:
    """Estimate the round trip between two cities: 2 ms, and 16 ms for each 1,000 km."""
    (lat, lon), (other_lat, other_lon) = CITIES[one], CITIES[other]
    a = sin(radians(other_lat - lat) / 2) ** 2
    b = cos(radians(lat)) * cos(radians(other_lat)) * sin(radians(other_lon - lon) / 2) ** 2
    kilometres = 2 * 6371 * asin(sqrt(a + b))
    return round(2 + 0.016 * kilometres)


def _nodes(count: int, random: Random) -> Iterator[Node]:
    """Make three edge nodes for each two cloud nodes."""
    cities = sorted(CITIES)
    for number in range(count):
        if number % 5 in {0, 1}:
            city = random.choice(REGIONS)
            node = _node(f"cloud-{number:04}", Tier.CLOUD, city, random.choice(_CLOUD))
            yield replace(node, zone=f"{city}-{random.choice('abc')}", clearance=DataSensitivity.CONFIDENTIAL)
        else:
            node = _node(f"edge-{number:04}", Tier.EDGE, random.choice(cities), random.choice(_EDGE))
            yield replace(
                node, clearance=random.choice((DataSensitivity.INTERNAL, DataSensitivity.RESTRICTED))
            )


def _node(name: str, tier: Tier, city: str, shape: _Shape) -> Node:
    return Node(
        name=name,
        tier=tier,
        zone=city,
        region=city if tier is Tier.CLOUD else None,
        clearance=DataSensitivity.PUBLIC,
        architecture="amd64",
        labels={},
        taints=(),
        ready=True,
        cordoned=False,
        cost_per_hour=Decimal(shape.cost_per_hour),
        billing=Billing.NODE if tier is Tier.CLOUD else Billing.SHARE,
        latency_milliseconds=None,
        client_site_latency_milliseconds={client: round_trip_milliseconds(city, client) for client in CITIES},
        allocatable={
            "cpu": shape.cores * 1000,
            "memory": shape.gibibytes * _GIB,
            "pods": 110,
            **({_ACCELERATOR: shape.accelerators} if shape.accelerators else {}),
        },
    )


def _demands(nodes: tuple[Node, ...], random: Random) -> Iterator[Demand]:
    """Make models until they want half of all processors."""
    left = sum(node.allocatable["cpu"] for node in nodes) // 2
    number = 0
    while left > 0:
        demand = _demand(f"model-{number:03}", len(nodes), random)
        left -= demand.replicas * demand.variants[0].requests["cpu"]
        number += 1
        yield demand


def _demand(name: str, nodes: int, random: Random) -> Demand:
    cpu, gibibytes, accelerators = random.choices(_REQUESTS, (4, 4, 4, 2, 2, 1, 1))[0]
    requests = {"cpu": cpu, "memory": gibibytes * _GIB, "pods": 1}
    if accelerators:
        requests[_ACCELERATOR] = accelerators
    sites = random.sample(sorted(CITIES), random.choice((1, 1, 2, 3)))
    is_urgent = random.choice((True, True, False, False, False))
    sensitivity = random.choices(tuple(DataSensitivity), (12, 5, 2, 1))[0]
    return Demand(
        model=ModelKey("default", name),
        replicas=random.randint(len(sites), max(len(sites), 4 + nodes // 40)),
        is_suspended=False,
        variants=tuple(VariantDemand(tier.value.lower(), tier, None, requests) for tier in Tier),
        clients=tuple(ClientDemand(site, random.choice((1, 2, 3))) for site in sites),
        data_sensitivity=sensitivity,
        allowed_regions=None,
        node_selector={},
        latency=LatencyDemand(random.choice((30, 40)) if is_urgent else None, 15, Decimal("0.0005")),
        max_cost_per_hour=None,
        max_per_node=random.choice((None, None, 2, 4)),
        max_per_zone=None,
        tier_minima={},
        tier_maxima={},
        priority=random.choice((0, 0, 0, 10)),
        created=_CREATED,
    )
