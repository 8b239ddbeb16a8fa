"""What happens to a cluster: nodes are drained and shrink, prices change, demand drifts."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from random import Random

import msgspec

from dev.instances.instance import Instance
from dev.instances.nodes import MACHINE_LABEL
from fogline.api import Billing, ModelDeployment
from fogline.snapshot import Node, Pod, Snapshot

_DRAINED = _SHRUNK = 50
"""One node of so many."""
_REPRICED = 4
"""One machine type and region of so many."""
_DRIFTING = 5
"""One model of so many."""
_CENT_OF_A_CENT = Decimal("0.0001")
_MOST_REPLICAS = 1000


def strike(instance: Instance, random: Random) -> Instance:
    """Let things happen.

    A drained node is cordoned and empty. A node that shrinks lost up to half of its room, and its kubelet has
    ended the replicas that no longer fit. What ran there is missing.
    """
    nodes = [_changed(node, random) for node in instance.snapshot.nodes]
    factors = {
        kind: Decimal(random.choice(("0.7", "0.85", "1.2", "1.4"))) if not random.randrange(_REPRICED) else 1
        for kind in sorted({_kind(node) for node in nodes})
    }
    nodes = [
        replace(node, cost_per_hour=(node.cost_per_hour * factors[_kind(node)]).quantize(_CENT_OF_A_CENT))
        for node in nodes
    ]
    models = tuple(_drifted(model, random) for model in instance.models)
    left = tuple(_that_still_fit(nodes, instance.snapshot.pods))
    name = instance.name.replace("-settled", "-rebalance")
    return Instance(name, models, Snapshot(tuple(nodes), left))


def _changed(node: Node, random: Random) -> Node:
    if not random.randrange(_DRAINED):
        return replace(node, cordoned=True)
    if not random.randrange(_SHRUNK):
        percent = random.randint(50, 80)
        room = {name: amount * percent // 100 for name, amount in node.allocatable.items()}
        return replace(node, allocatable={**room, "pods": node.allocatable["pods"]})
    return node


def _kind(node: Node) -> tuple[str, str]:
    """Name what has one price: the same machine in the same country."""
    return node.labels[MACHINE_LABEL], (node.region or "") if node.billing is Billing.NODE else ""


def _drifted(model: ModelDeployment, random: Random) -> ModelDeployment:
    if random.randrange(_DRIFTING):
        return model
    wanted = round(model.spec.replicas * random.uniform(0.6, 1.4))
    spec = msgspec.structs.replace(model.spec, replicas=min(max(wanted, 1), _MOST_REPLICAS))
    return msgspec.structs.replace(model, spec=spec)


def _that_still_fit(nodes: Iterable[Node], pods: Iterable[Pod]) -> Iterator[Pod]:
    by_name = {node.name: node for node in nodes}
    used: dict[str, Counter[str]] = {name: Counter() for name in by_name}
    for pod in pods:
        node, taken = by_name[pod.node], used[pod.node]
        fits = all(
            taken[name] + amount <= node.allocatable.get(name, 0) for name, amount in pod.requests.items()
        )
        if fits and not node.cordoned:
            taken.update(pod.requests)
            yield pod
