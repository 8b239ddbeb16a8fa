"""The nodes of a cluster: two in the cloud for each three at the edge."""

from collections.abc import Iterator
from random import Random

from dev.instances.cities import CITIES, CLOUD_CITIES, round_trips_from
from dev.instances.machines import (
    CLOUD,
    EDGE,
    Machine,
    cloud_allocatable,
    edge_allocatable,
    regional_cost_per_hour,
)
from fogline import names
from fogline.api import Billing, DataSensitivity, Tier
from fogline.snapshot import Node

MACHINE_LABEL = "node.kubernetes.io/instance-type"
_CLOUD_CLEARANCES = (DataSensitivity.INTERNAL, DataSensitivity.CONFIDENTIAL)
_EDGE_CLEARANCES = (DataSensitivity.PUBLIC, DataSensitivity.INTERNAL, DataSensitivity.RESTRICTED)


def make_nodes(count: int, random: Random) -> Iterator[Node]:
    """Make the nodes of a cluster."""
    for number in range(count):
        tier = Tier.CLOUD if number % 5 in {0, 1} else Tier.EDGE
        yield _node(f"{tier.lower()}-{number:04}", tier, random)


def _node(name: str, tier: Tier, random: Random) -> Node:
    machine, city = _machine_and_city(tier, random)
    in_cloud = tier is Tier.CLOUD
    return Node(
        name=name,
        tier=tier,
        zone=f"{city}-{random.choice('abc')}" if in_cloud else city,
        region=CITIES[city].country,
        clearance=_clearance(tier, random),
        architecture=machine.architecture,
        labels=_labels(machine),
        taints=(),
        ready=True,
        cordoned=False,
        cost_per_hour=regional_cost_per_hour(machine, city) if in_cloud else machine.cost_per_hour,
        billing=Billing.NODE if in_cloud else Billing.SHARE,
        latency_milliseconds=None,
        client_site_latency_milliseconds=round_trips_from(city),
        allocatable=cloud_allocatable(machine) if in_cloud else edge_allocatable(machine),
        accelerator_type=machine.accelerator_type,
    )


def _machine_and_city(tier: Tier, random: Random) -> tuple[Machine, str]:
    if tier is Tier.CLOUD:
        return random.choice(CLOUD), random.choice(CLOUD_CITIES)
    return random.choices(EDGE, (3, 3, 2, 1, 1))[0], random.choice(sorted(CITIES))


def _clearance(tier: Tier, random: Random) -> DataSensitivity:
    if tier is Tier.CLOUD:
        return random.choices(_CLOUD_CLEARANCES, (1, 4))[0]
    return random.choices(_EDGE_CLEARANCES, (1, 2, 3))[0]


def _labels(machine: Machine) -> dict[str, str]:
    """Give the labels that others set; those of Fogline follow from the facts."""
    labels = {MACHINE_LABEL: machine.name}
    return labels | ({names.ACCELERATOR_LABEL: machine.accelerator_type} if machine.accelerator_type else {})
