"""What is wanted of a cluster: models of all kinds, and a few replicas that nothing can hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from dev.instances.cities import CITIES, CLOUD_COUNTRIES
from dev.instances.machines import ACCELERATOR
from fogline.api import ModelDeployment, parse
from fogline.snapshot import Node

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Load:
    """How large replicas are, and how many there are."""

    replicas_per_node: float
    requests: Mapping[tuple[str, str, int], int]
    """Processors, memory and accelerators of one replica, and how often that is drawn."""
    most_replicas: int | None = None
    """Of one model; None: more in a larger cluster."""


MANY_SMALL = Load(
    5.6,
    {
        ("250m", "512Mi", 0): 4,
        ("500m", "1Gi", 0): 5,
        ("1", "2Gi", 0): 6,
        ("1", "6Gi", 0): 3,
        ("2", "4Gi", 0): 4,
        ("4", "8Gi", 0): 2,
        ("6", "16Gi", 0): 1,
        ("2", "6Gi", 1): 1,
    },
)
"""28,000 replicas on 5,000 nodes."""
FEW_BIG = Load(
    1.0,
    {
        ("3", "6Gi", 0): 4,
        ("3500m", "12Gi", 0): 3,
        ("5", "10Gi", 0): 3,
        ("7", "13Gi", 0): 3,
        ("7", "24Gi", 0): 2,
        ("11", "30Gi", 0): 2,
        ("15", "50Gi", 0): 1,
        ("3", "12Gi", 1): 2,
    },
)
"""5,000 replicas on 5,000 nodes: one to four fill a node, so which ones go together decides."""
_FORCED = 40
"""One model of so many asks for what no node can give."""

_SENSITIVITIES = {"Public": 12, "Internal": 5, "Confidential": 2, "Restricted": 1}
_TIERS = {("Cloud", "Edge"): 7, ("Cloud",): 2, ("Edge",): 1}
_RUNTIMES = {"Cloud": "TensorFlowServing", "Edge": "LiteRT"}

_IMPOSSIBLE: tuple[tuple[tuple[str, str, int], Mapping[str, Any]], ...] = (
    (("64", "8Gi", 0), {}),
    (("1", "2Gi", 0), {"allowedRegions": ["jp"]}),
    (("1", "2Gi", 0), {"latency": {"targetMilliseconds": 1, "maxMilliseconds": 1}}),
)
"""Requests and rules that no node meets: too large, too far away, faster than any network."""


def make_models(nodes: Sequence[Node], load: Load, random: Random) -> Iterator[ModelDeployment]:
    """Make models until they want as much as the load says; their clients are in cities with an edge node."""
    cities = sorted({node.zone for node in nodes} & CITIES.keys())
    left, number = round(len(nodes) * load.replicas_per_node), 0
    while left > 0:
        name = f"model-{number:03}"
        if number % _FORCED == 1:
            yield _impossible(name, number // _FORCED, random)
        else:
            replicas = min(random.randint(1, load.most_replicas or 12 + len(nodes) // 40), left)
            left -= replicas
            yield _model(name, _draw(load.requests, random), replicas, cities, random)
        number += 1


def _model(
    name: str, requests: tuple[str, str, int], replicas: int, cities: Sequence[str], random: Random
) -> ModelDeployment:
    tiers = _draw(_TIERS, random)
    sites = random.sample(cities, min(random.choice((1, 1, 2, 3)), replicas, len(cities)))
    rules: dict[str, Any] = {
        "dataSensitivity": _draw(_SENSITIVITIES, random),
        "clients": [{"site": site, "weight": random.randint(1, 3)} for site in sites],
        "latency": {"targetMilliseconds": 15},
        "latencyPenaltyPerMillisecond": "0.0005",
        "priority": random.choice((0, 0, 0, 10)),
    }
    if "Edge" in tiers and random.choice((True, True, False, False, False)):
        rules["latency"]["maxMilliseconds"] = random.choice((20, 30, 40))
    elif not random.randrange(8):
        rules["allowedRegions"] = sorted({CITIES[site].country for site in sites} | CLOUD_COUNTRIES)
    spread = {
        "maxPerNode": random.choice((None, None, 2, 4)),
        "maxPerZonePercent": random.choice((None, None, None, 50)),
    }
    rules["spread"] = {rule: limit for rule, limit in spread.items() if limit}
    return _model_deployment(name, replicas, tiers, requests, rules)


def _impossible(name: str, number: int, random: Random) -> ModelDeployment:
    requests, rules = _IMPOSSIBLE[number % len(_IMPOSSIBLE)]
    clients = [{"site": random.choice(sorted(CITIES))}]
    return _model_deployment(
        name, random.randint(1, 3), ("Cloud", "Edge"), requests, {"clients": clients, **rules}
    )


def _model_deployment(
    name: str, replicas: int, tiers: Sequence[str], requests: tuple[str, str, int], rules: Mapping[str, Any]
) -> ModelDeployment:
    document = {
        "apiVersion": "fogline.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "variants": [_variant(name, tier, *requests) for tier in tiers],
            "placement": rules,
        },
    }
    return parse(document, strict=True)


def _variant(model: str, tier: str, cpu: str, memory: str, accelerators: int) -> dict[str, Any]:
    """Make a variant; the image of the cloud runs on one architecture only.

    Kubernetes takes a request for an accelerator only together with a limit.
    """
    devices = {ACCELERATOR: str(accelerators)} if accelerators else {}
    requests = {"cpu": cpu, "memory": memory, **devices}
    return {
        "name": tier.lower(),
        "tier": tier,
        "runtime": _RUNTIMES[tier],
        "artifact": {"uri": f"s3://models/{model}/{tier.lower()}/1"},
        "resources": {"requests": requests, **({"limits": devices} if devices else {})},
        **({"architectures": ["amd64"]} if tier == "Cloud" else {}),
        **({"acceleratorTypes": ["NVIDIA-A10G", "Tesla-T4"]} if accelerators else {}),
    }


def _draw(weights: Mapping[T, int], random: Random) -> T:
    return random.choices(list(weights), list(weights.values()))[0]
