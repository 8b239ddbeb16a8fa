"""Promises about where pods run."""

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec
from tests.support.changes import Change
from tests.support.judging.seen import Seen, is_alive, model_of

from fogline.api import DataSensitivity
from fogline.cluster import objects
from fogline.cluster.documents import Document
from fogline.cluster.kinds import PODS
from fogline.memo import Memo
from fogline.names import CLEARANCE_LABEL, DATA_SENSITIVITY_LABEL, GATE
from fogline.observe import pod_requests
from fogline.units import Amounts, resource_amounts


def placing(change: Change, seen: Seen) -> Iterator[str]:
    """Judge one change of a pod.

    Parameters
    ----------
    seen
        The cluster before it.
    """
    if change.kind is not PODS or not model_of(change.document)[1] or change.after is None:
        return
    before, after = change.before, change.after
    name, node = after["metadata"]["name"], after["spec"].get("nodeName")
    if before is None and "ownerReferences" in after["metadata"] and GATE not in gates(after):
        yield f"{name} was made without our gate"
    if before is not None and GATE in gates(before) - gates(after):
        for gate in gates(before) - gates(after) - {GATE}:
            yield f"{name} lost the gate {gate} of somebody else together with ours"
    if node and (before is None or not before["spec"].get("nodeName")):
        yield from _bound(after, node, seen)


def _bound(pod: Document, node: str, seen: Seen) -> Iterator[str]:
    name, pinned = pod["metadata"]["name"], pins(pod)
    if pinned - {node} and pinned != {None}:
        yield f"{name} was bound to {node}, but its terms are pinned to {pinned}"
    live = seen.nodes.get(node)
    if live is None:
        return
    needs = DataSensitivity(pod["metadata"]["labels"][DATA_SENSITIVITY_LABEL])
    has = clearance_of(live["metadata"].get("labels", {}))
    if has < needs:
        yield f"{name} needs {needs} and was bound to {node}: {has}"
    for resource, (used, offered) in over_committed(node, seen, pod).items():
        yield f"{name} was bound to {node}, which offers {offered} of {resource} for {used}"


def over_committed(node: str, seen: Seen, more: Document | None = None) -> dict[str, tuple[int, int]]:
    """Give what is requested and what is offered of each resource that a node has too little of.

    Parameters
    ----------
    more
        A pod on top of those that are there.
    """
    live = seen.nodes[node]
    offered = resource_amounts(live["status"]["allocatable"])
    used: Counter[str] = Counter()
    for pod in (*seen.pods_on(node), *([more] if more else ())):
        if pod["status"].get("phase") not in {"Failed", "Succeeded"}:
            used.update(_REQUESTS.get(pod, _requests))
    return {
        resource: (amount, offered.get(resource, 0))
        for resource, amount in used.items()
        if amount > offered.get(resource, 0)
    }


def _requests(pod: Document) -> Amounts:
    return pod_requests(msgspec.convert(pod, objects.Pod))


_REQUESTS: Memo[Document, Amounts] = Memo(most=4096)
"""Of each version of a pod."""


def clearance_of(labels: Mapping[str, str]) -> DataSensitivity:
    """Read the clearance of a node; what is not one of the four levels holds public data only."""
    levels = {level.value: level for level in DataSensitivity}
    return levels.get(labels.get(CLEARANCE_LABEL, ""), DataSensitivity.PUBLIC)


def gates(pod: Document) -> set[str]:
    """Give the names of a pod's scheduling gates."""
    return {gate["name"] for gate in pod["spec"].get("schedulingGates", ())}


def pins(pod: Document) -> frozenset[str | None]:
    """Give the nodes that the terms of a pod's required affinity name; None for a term without a pin."""
    required = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return frozenset(
        term["matchFields"][0]["values"][0] if "matchFields" in term else None
        for term in required["nodeSelectorTerms"]
    )


__all__ = ["clearance_of", "gates", "is_alive", "over_committed", "pins", "placing"]
