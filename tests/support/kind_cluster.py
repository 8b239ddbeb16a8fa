"""What end-to-end tests do with the kind cluster: apply, wait, look, break."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from dev import client, digits, libyaml
from dev.api import Connection
from dev.chart import NAMESPACE
from dev.engine import Engine
from tests.support.kubectl import Kubectl

READY_LIMIT_SECONDS = 180.0
RESTART_LIMIT_SECONDS = 360.0
POLL_SECONDS = 0.2
COMMAND_LIMIT_SECONDS = 120

UNCLEARED, INTERNAL_EDGE, RESTRICTED_EDGE = "fogline-worker2", "fogline-worker4", "fogline-worker3"
"""Nodes of kind-config.yaml: the cloud node without clearance, the edge nodes by their clearance."""

OPERATOR_LABEL = "app.kubernetes.io/name=fogline-operator"
OPERATORS = (f"--namespace={NAMESPACE}", f"--selector={OPERATOR_LABEL}")
"""Flags of kubectl that choose its pods."""

OURS = "/apis/fogline.dev/v1alpha1"
"""Path of our kinds; that of pods and nodes is ``/api/v1``."""

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The kind cluster, seen from one namespace."""

    kubectl: Kubectl
    api: Connection
    """For what is asked again and again: kubectl would keep a processor busy."""
    engine: Engine
    namespace: str

    def digits(self, name: str = "digits", **placement: Any) -> Manifest:
        """Give the manifest of the example, in this namespace."""
        document = libyaml.load((digits.EXAMPLE / "modeldeployment.yaml").read_text())
        document["metadata"] = {"name": name, "namespace": self.namespace}
        document["spec"]["model"] = {"name": "digits"}
        document["spec"]["placement"] |= placement
        return dict(document)

    def apply(self, manifest: Manifest) -> None:
        """Apply as a user does."""
        self.kubectl("apply", "--filename=-", manifest=manifest)

    def run(self, *arguments: str) -> str:
        """Run kubectl in this namespace."""
        return self.kubectl(*arguments, f"--namespace={self.namespace}")

    def read(self, path: str) -> Manifest:
        """Read an object or a list."""
        return dict(self.api.request("GET", path))

    def listed_pods(self, labels: str, namespace: str | None = None) -> list[Manifest]:
        """Give the pods with these labels, by default of this namespace."""
        query = urlencode({"labelSelector": labels})
        return list(self.read(f"/api/v1/namespaces/{namespace or self.namespace}/pods?{query}")["items"])

    def model(self, name: str = "digits") -> Manifest:
        """Read a ModelDeployment."""
        return self.read(f"{OURS}/namespaces/{self.namespace}/modeldeployments/{name}")

    def condition(self, kind: str, name: str = "digits") -> tuple[str, str, str]:
        """Give status, reason and message of a condition; empty texts while there is none."""
        return condition_of(self.model(name), kind)

    def events(self, reason: str) -> list[str]:
        """Give what the Events of a reason say."""
        query = urlencode({"fieldSelector": f"reason={reason}"})
        listed = self.read(f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events?{query}")["items"]
        return [one["note"] for one in listed]

    def pods(self, name: str = "digits") -> list[Manifest]:
        """Give the pods of a model that are not on their way out."""
        listed = self.listed_pods(f"fogline.dev/model={name}")
        return [pod for pod in listed if "deletionTimestamp" not in pod["metadata"]]

    def operators(self) -> list[Manifest]:
        """Give the pods of the operator."""
        return self.listed_pods(OPERATOR_LABEL, NAMESPACE)

    def nodes_of(self, name: str = "digits") -> list[str]:
        """Give the nodes of the replicas of a model, sorted."""
        return sorted(pod["spec"].get("nodeName", "") for pod in self.pods(name))

    def wait_until_ready(self, replicas: int, name: str = "digits") -> None:
        """Wait until a model is Ready for what its spec says now, with this many replicas."""

        def is_ready() -> bool:
            found = self.model(name)
            status = found.get("status", {})
            return (
                condition_of(found, "Ready")[0] == "True"
                and status.get("observedGeneration") == found["metadata"]["generation"]
                and status.get("readyReplicas") == replicas
                and len(self.pods(name)) == replicas
            )

        self.wait(is_ready, f"{name} Ready with {replicas} replicas")

    def wait(
        self, condition: Callable[[], object], what: str, limit_seconds: float = READY_LIMIT_SECONDS
    ) -> None:
        """Ask until the answer is true.

        Raises
        ------
        AssertionError
            The time is up; the error shows the model, its pods and what the operators logged last.
        """
        end = time.monotonic() + limit_seconds
        while not condition():
            if time.monotonic() > end:
                there = self.run("get", "modeldeployments,pods,events", "--output=wide")
                logged = self.kubectl("logs", *OPERATORS, "--prefix", "--tail=30")
                raise AssertionError(f"{what}: not within {limit_seconds:g} s\n{there}\n{logged}")
            time.sleep(POLL_SECONDS)

    def predict(self, *targets: str) -> list[Manifest]:
        """Send the test images to ``NAME=HOST`` targets from a pod inside the cluster; one report each."""
        arguments = [*(f"--target={target}" for target in targets), "--output=json"]
        said = client.predict(digits.trained(), arguments, self.namespace)
        return list(json.loads(said.splitlines()[-1]))

    def on_node(self, node: str, *command: str) -> str:
        """Run a command on a node, outside all of its pods."""
        return self._docker("exec", node, *command)

    def _docker(self, *arguments: str) -> str:
        done = subprocess.run(
            ["docker", *arguments],
            env={**os.environ, **self.engine.env},
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_SECONDS,
            check=True,
        )
        return done.stdout


def condition_of(found: Manifest, kind: str) -> tuple[str, str, str]:
    """Give status, reason and message of a condition of an object; empty texts while there is none."""
    for condition in found.get("status", {}).get("conditions", []):
        if condition["type"] == kind:
            return condition["status"], condition.get("reason", ""), condition.get("message", "")
    return "", "", ""


def targets(pods: Sequence[Manifest]) -> list[str]:
    """Name each pod by its variant, and say where it answers."""
    return [f"{pod['metadata']['labels']['fogline.dev/variant']}={pod['status']['podIP']}" for pod in pods]


def kill_operator(cluster: Cluster) -> None:
    """Kill every process of the operator from outside, and wait until the kubelets have started them anew.

    For a second crash in one pod a kubelet waits 10 s, for the third 20 s, and so on.
    """

    def restarts() -> dict[str, int]:
        containers = {
            pod["metadata"]["name"]: pod["status"]["containerStatuses"][0] for pod in cluster.operators()
        }
        return {name: one["restartCount"] for name, one in containers.items() if one["ready"]}

    def are_new() -> bool:
        after = restarts()
        return after.keys() == before.keys() and all(after[one] > before[one] for one in before)

    before = restarts()
    _kill(cluster)
    cluster.wait(are_new, "a new start", RESTART_LIMIT_SECONDS)


def kill_operator_pods(cluster: Cluster) -> None:
    """Kill every process of the operator with its pod, and wait until other pods are ready."""
    before = cluster.operators()
    _kill(cluster)
    names = (pod["metadata"]["name"] for pod in before)
    cluster.kubectl("delete", "pods", *names, OPERATORS[0], "--grace-period=0", "--force")

    def are_new() -> bool:
        after = cluster.operators()
        ready = all(condition_of(pod, "Ready")[0] == "True" for pod in after)
        return ready and len(after) == len(before) and not uids(after) & uids(before)

    cluster.wait(are_new, "other pods")


def _kill(cluster: Cluster) -> None:
    for node in {pod["spec"]["nodeName"] for pod in cluster.operators()}:
        cluster.on_node(node, "pkill", "-KILL", "-f", "fogline[.]handlers")


def uids(objects: Iterable[Manifest]) -> set[str]:
    """Give what tells objects of one name apart."""
    return {one["metadata"]["uid"] for one in objects}
