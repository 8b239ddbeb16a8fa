"""How our gate leaves the templates of a Deployment without a rollout: no I/O.

The Deployment controller takes a ReplicaSet for the present one when its template equals that of the
Deployment (k8s.io/kubernetes, ``FindNewReplicaSet``). So both templates lose the gate while the Deployment is
paused: the pods that run are not touched, and those that come are free.
"""

from typing import Any

from fogline.cluster.objects.metadata import ObjectMeta, Slim
from fogline.cluster.objects.pod import SchedulingGate
from fogline.names import GATE
from fogline.objects.metadata import annotate, path_of_annotation

PAUSED_ANNOTATION = "fogline.dev/paused-to-uninstall"
"""On a Deployment between the first and the last of the writes that take its gate."""

Patch = list[dict[str, Any]]


class _PodSpec(Slim, frozen=True):
    scheduling_gates: tuple[SchedulingGate, ...] = ()


class _Template(Slim, frozen=True):
    spec: _PodSpec = _PodSpec()


class _Spec(Slim, frozen=True):
    template: _Template = _Template()
    replicas: int = 1
    paused: bool = False
    """Of Deployments."""


class _Status(Slim, frozen=True):
    replicas: int = 0
    observed_generation: int = 0


class Templated(Slim, frozen=True):
    """A Deployment or a ReplicaSet, as far as its gate goes."""

    metadata: ObjectMeta
    spec: _Spec = _Spec()
    status: _Status = _Status()

    @property
    def is_gated(self) -> bool:
        """Whether its pods are made with our gate."""
        return GATE in self._gates

    @property
    def is_retired(self) -> bool:
        """Whether it is a ReplicaSet that has no pods and is to have none: the template of a former time."""
        return self.spec.replicas == self.status.replicas == 0

    @property
    def is_observed(self) -> bool:
        """Whether its controller has seen it as it is now."""
        return self.status.observed_generation >= self.metadata.generation

    @property
    def _gates(self) -> tuple[str, ...]:
        return tuple(gate.name for gate in self.spec.template.spec.scheduling_gates)

    @property
    def is_paused_by_us(self) -> bool:
        """Whether it is a Deployment that this program, perhaps in an earlier run, has paused."""
        return PAUSED_ANNOTATION in self.metadata.annotations

    def without_gate(self) -> Patch:
        """Take our gate out of the template; let rollouts begin again if it was us who paused them."""
        path = f"/spec/template/spec/schedulingGates/{self._gates.index(GATE)}"
        gate = {"op": "test", "path": f"{path}/name", "value": GATE}
        return [self._same(), gate, {"op": "remove", "path": path}, *self._resumed()]

    def paused(self) -> Patch:
        """Let no rollout begin, and note that it is for this."""
        note = annotate(self.metadata, {PAUSED_ANNOTATION: "true"})
        return [self._same(), *note, {"op": "add", "path": "/spec/paused", "value": True}]

    def _resumed(self) -> Patch:
        if not self.is_paused_by_us:
            return []
        note = {"op": "remove", "path": path_of_annotation(PAUSED_ANNOTATION)}
        return [note, {"op": "add", "path": "/spec/paused", "value": False}]

    def _same(self) -> dict[str, Any]:
        return {"op": "test", "path": "/metadata/uid", "value": self.metadata.uid}
