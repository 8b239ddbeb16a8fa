"""What matters of an object, in one line: for the output of a test that failed."""

import json
from collections.abc import Mapping
from typing import Any

from tests.support.judging.seen import condition, notes_of

from fogline.cluster.documents import Document
from fogline.cluster.kinds import DEPLOYMENTS, MODEL_DEPLOYMENTS, NODES, PODS, Kind

_OURS = "fogline.dev/"


def depict(kind: Kind, live: Document) -> str:
    """Tell of a pod, node, Deployment or ModelDeployment: JSON after its name, without what is empty."""
    meta = live["metadata"]
    facts = {**_FACTS[kind](live), "deleted": meta.get("deletionTimestamp")}
    told = {key: value for key, value in facts.items() if value not in (None, {}, [])}
    return f"{kind.kind} {meta['name']}: {json.dumps(told)}"


def _pod(live: Document) -> dict[str, Any]:
    spec, status = live["spec"], live.get("status", {})
    return {
        "uid": live["metadata"]["uid"],
        "node": spec.get("nodeName"),
        "phase": status.get("phase"),
        "ready": condition(live, "Ready").get("status"),
        "refused": condition(live, "PodScheduled").get("message"),
        "gates": [gate["name"] for gate in spec.get("schedulingGates", ())],
        "notes": _ours(notes_of(live)),
    }


def _node(live: Document) -> dict[str, Any]:
    spec, status = live["spec"], live.get("status", {})
    return {
        "ready": condition(live, "Ready").get("status"),
        "unschedulable": spec.get("unschedulable"),
        "taints": [taint["key"] for taint in spec.get("taints", ())],
        "allocatable": status.get("allocatable"),
        "labels": _ours(live["metadata"].get("labels", {})),
    }


def _deployment(live: Document) -> dict[str, Any]:
    counts = {key: value for key, value in live.get("status", {}).items() if isinstance(value, int)}
    return {"wanted": live["spec"].get("replicas"), **counts}


def _model(live: Document) -> dict[str, Any]:
    status = dict(live.get("status", {}))
    conditions = [
        f"{one['type']}={one['status']} {one['reason']} {one['message']}".strip()
        for one in status.pop("conditions", ())
    ]
    return {"wanted": live["spec"].get("replicas"), "conditions": conditions, **status}


def _ours(notes: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in notes.items() if _OURS in key}


_FACTS = {PODS: _pod, NODES: _node, DEPLOYMENTS: _deployment, MODEL_DEPLOYMENTS: _model}
