"""From the start of an operator until it has passed over every model of a large cluster."""

import os
import time
import uuid
from functools import partial
from typing import Any

import msgspec
from dev.cluster import simulated_node
from tests.support.operator_process import OperatorProcess
from tests.support.wait import wait_for

from bench.operator.bulk import for_each
from bench.operator.figures import tell
from bench.operator.plane import Bench, bench, model
from fogline.cluster.documents import Document
from fogline.cluster.kinds import DEPLOYMENTS, MODEL_DEPLOYMENTS, NODES, PODS
from fogline.names import BILLING_LABEL, COST_LABEL, LATENCY_LABEL, deployment_name

_NODES = int(os.environ.get("BIG_NODES", "5000"))
_PODS = int(os.environ.get("BIG_PODS", "28000"))
_PODS_OF_A_MODEL = 70
_LIMIT_SECONDS = 600.0
_IMAGES = 50
"""As many as a kubelet names in the status of its node at most, by default."""
_LEAN = {
    "kube-apiserver": ["disable-admission-plugins=TaintNodesByCondition"],
    "kube-controller-manager": ["controllers=serviceaccount-controller,disruption-controller"],
}
"""Nodes and pods are there as they would be after a while: nobody has to make, bind or tend them."""
_FIRST_NODE, _FIRST_MODEL, _FIRST_POD = "node-0000", "model-000", "model-000-cloud-pattern"


async def measure() -> None:
    """Let one operator write all objects, and measure the start of the next one."""
    models = [f"model-{number:03}" for number in range(-(-_PODS // _PODS_OF_A_MODEL))]
    async with bench([_node()], _LEAN) as one:
        node = await one.client.get(NODES, None, _FIRST_NODE)
        await one.store.put("nodes", dict(_copy_of_node(node, number) for number in range(1, _NODES)))
        await one.create("first model", [model(_FIRST_MODEL, 1)])
        await _pass(one, one.builder, 1, "first pass: all other nodes are there already")
        pattern = await _pattern(one)
        await one.builder.stop()
        await one.store.put("pods", dict(_copy(pattern, number) for number in range(_PODS)))
        await one.create("models", [model(name, _PODS_OF_A_MODEL) for name in models[1:]])
        await one.client.merge_patch(
            MODEL_DEPLOYMENTS, "default", _FIRST_MODEL, {"spec": {"replicas": _PODS_OF_A_MODEL}}
        )
        await _pass(one, one.builder, len(models), "second pass: it makes all Deployments, Services, budgets")
        await for_each("Deployments that are complete", models, partial(_complete, one))
        await one.settled()
        await one.builder.stop()
        began, before = time.monotonic(), len(one.proxy.writes)
        known, through = await _pass(one, one.operator, len(models), "the pass that is measured")
        writes = len(one.proxy.writes) - before
        memory, peak = (value / 1e6 for value in one.operator.memory())
        computed = one.operator.cpu_seconds()
    tell(
        f"restart to in sync, {_NODES} nodes, {_PODS} pods of {len(models)} models",
        f"{through - began:.1f} s ({known - began:.1f} s until it knows the cluster; "
        f"{computed:.1f} s of a core), "
        f"{memory:.0f} MB resident, at most {peak:.0f} MB, {writes} writes",
        "30 s, 300 MB",
    )


async def _pass(one: Bench, operator: OperatorProcess, models: int, what: str) -> tuple[float, float]:
    """Start an operator and wait until every model was passed and nothing is written any more.

    Returns
    -------
    tuple[float, float]
        When it knew the cluster, and when there had been as many passes as there are models.
    """
    began = time.monotonic()
    await operator.start(_LIMIT_SECONDS)
    known = time.monotonic()
    await one.passed(operator, models)
    through = time.monotonic()
    await one.settled()
    print(f"  {what}: known after {known - began:.1f} s, passed after {through - began:.1f} s", flush=True)
    return known, through


async def _pattern(one: Bench) -> Document:
    """Make one pod as all are made: gated, pinned by the operator, bound by kube-scheduler, Ready."""
    live = await one.client.get(DEPLOYMENTS, "default", deployment_name(_FIRST_MODEL, "cloud"))
    template = live["spec"]["template"]
    labels = {**template["metadata"]["labels"], "pod-template-hash": "5d9c7b8f6d"}
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": f"{_FIRST_MODEL}-cloud-5d9c7b8f6d",
        "uid": str(uuid.uuid4()),
        "controller": True,
        "blockOwnerDeletion": True,
    }
    meta = {"name": _FIRST_POD, "namespace": "default", "labels": labels, "ownerReferences": [owner]}
    await one.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"]})

    async def is_bound() -> bool:
        return bool((await one.client.get(PODS, "default", _FIRST_POD))["spec"].get("nodeName"))

    await wait_for(is_bound, "the pattern of all pods is bound", _LIMIT_SECONDS, every_seconds=0.5)
    document = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": _FIRST_POD, "namespace": "default"}}
    await one.client.apply({**document, "status": _ready()}, subresource="status")
    pattern = await one.client.get(PODS, "default", _FIRST_POD)
    await one.client.delete(PODS, "default", _FIRST_POD, uid=pattern["metadata"]["uid"], grace_seconds=0)
    del pattern["metadata"]["resourceVersion"]
    return pattern


def _ready() -> Document:
    """Write what a kubelet reports of a replica that serves."""
    at = "2026-01-01T00:00:00Z"
    image = {"image": "registry.example/server:1", "imageID": f"registry.example/server@sha256:{'0' * 64}"}
    ran = {"containerID": f"containerd://{'1' * 64}", "restartCount": 0, **image}
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": at, "finishedAt": at}
    return {
        "phase": "Running",
        "hostIP": "10.0.0.1",
        "podIP": "10.1.0.1",
        "startTime": at,
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": at}
            for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")
        ],
        "initContainerStatuses": [{"name": "fetch", "ready": True, "state": {"terminated": ended}, **ran}],
        "containerStatuses": [
            {"name": "server", "ready": True, "started": True, "state": {"running": {"startedAt": at}}, **ran}
        ],
    }


def _copy(pattern: Document, number: int) -> tuple[str, bytes]:
    """Write the pod of a number, with its key in etcd: the pattern with other names."""
    name = f"model-{number // _PODS_OF_A_MODEL:03}"
    pod = f"{name}-cloud-5d9c7b8f6d-{number:05}"
    text = (
        msgspec.json.encode(pattern)
        .decode()
        .replace(_FIRST_POD, pod)
        .replace(pattern["metadata"]["uid"], str(uuid.uuid4()))
        .replace(pattern["spec"]["nodeName"], f"node-{number % _NODES:04}")
        .replace(_FIRST_MODEL, name)
    )
    return f"pods/default/{pod}", text.encode()


async def _complete(one: Bench, name: str) -> None:
    """Report of a Deployment what its controller would."""
    count = dict.fromkeys(
        ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), _PODS_OF_A_MODEL
    )
    meta = {"name": deployment_name(name, "cloud"), "namespace": "default"}
    live = await one.client.get(DEPLOYMENTS, "default", meta["name"])
    status: dict[str, Any] = {"observedGeneration": live["metadata"]["generation"], **count}
    document = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "status": status}
    await one.client.apply(document, subresource="status")


def _copy_of_node(node: Document, number: int) -> tuple[str, bytes]:
    """Write the node of a number, with its key in etcd."""
    name = f"node-{number:04}"
    stored = {**node, "metadata": {**node["metadata"], "uid": str(uuid.uuid4())}}
    del stored["metadata"]["resourceVersion"]
    return f"minions/{name}", msgspec.json.encode(stored).replace(_FIRST_NODE.encode(), name.encode())


def _node() -> Document:
    """Write a node as its kubelet keeps it; no other place is better for anybody."""
    labels = {COST_LABEL: "0.1", BILLING_LABEL: "Share", LATENCY_LABEL: "20"}
    node = simulated_node(_FIRST_NODE, labels)
    del node["metadata"]["annotations"]  # kwok leaves it alone
    at = "2026-01-01T00:00:00Z"
    states = {"MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False", "Ready": "True"}
    node["status"] |= {
        "conditions": [
            {
                "type": kind,
                "status": status,
                "lastHeartbeatTime": at,
                "lastTransitionTime": at,
                "reason": kind,
            }
            for kind, status in states.items()
        ],
        "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
        "images": [
            {"names": [f"registry.example/image-{one}@sha256:{one:064}"], "sizeBytes": 10**8}
            for one in range(_IMAGES)
        ],
    }
    return node
