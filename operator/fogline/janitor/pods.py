"""Which pods of ours wait for an operator, and for how long, and which have failed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fogline.cluster.objects import Pod
from fogline.names import GATE

FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class GatedPod:
    """A pod of ours, as far as it matters for opening its gate."""

    uid: str
    resource_version: str
    gates: tuple[str, ...]
    annotations: Mapping[str, str]


def gated_pod(pod: Pod) -> GatedPod:
    """Read a live pod."""
    meta = pod.metadata
    return GatedPod(meta.uid, meta.resource_version, _gates(pod), meta.annotations)


class WaitingPods:
    """Follows pods of ours as a reflector tells of them; time is counted from when each was first seen."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def changed(self, old: Pod | None, new: Pod | None, now: float) -> None:
        """Take in a change of a pod; `now` in monotonic seconds."""
        if old is not None and (new is None or not _is_gated(new)):
            self._since.pop(old.metadata.uid, None)
        if new is not None and _is_gated(new):
            self._since.setdefault(new.metadata.uid, now)

    def due(self, pods: Iterable[Pod], before: float) -> list[Pod]:
        """Give the pods whose gate was seen before a moment, those that wait longest first."""
        found = [
            (since, pod)
            for pod in pods
            if (since := self._since.get(pod.metadata.uid)) is not None and since < before
        ]
        return [pod for _, pod in sorted(found, key=lambda one: (one[0], one[1].metadata.key))]


def failed(pods: Iterable[Pod]) -> list[Pod]:
    """Give the pods that ended for good; their ReplicaSets have replaced them."""
    return [pod for pod in pods if pod.status.phase == FAILED and pod.metadata.deletion_timestamp is None]


def _is_gated(pod: Pod) -> bool:
    return GATE in _gates(pod) and pod.metadata.deletion_timestamp is None


def _gates(pod: Pod) -> tuple[str, ...]:
    return tuple(gate.name for gate in pod.spec.scheduling_gates)
