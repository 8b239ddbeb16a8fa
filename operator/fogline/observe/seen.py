"""What is kept of a live Pod: a few hundred bytes, where the whole of it takes many thousand."""

from dataclasses import dataclass
from sys import intern

from fogline import snapshot
from fogline.cluster import objects
from fogline.observe.pods import to_pod, to_replica


@dataclass(frozen=True, slots=True)
class Identity:
    """Which object it is, and as of when."""

    namespace: str
    name: str
    uid: str
    resource_version: str

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name


@dataclass(frozen=True, slots=True)
class SeenPod:
    """A pod as decisions see it."""

    metadata: Identity
    holds: snapshot.Pod | None
    """The room that it takes; None when it takes none."""
    replica: snapshot.Replica | None
    """What it is to its model; None for other people's pods."""


def seen_pod(pod: objects.Pod) -> SeenPod:
    """Read a live pod."""
    meta = pod.metadata
    identity = Identity(intern(meta.namespace), meta.name, meta.uid, meta.resource_version)
    return SeenPod(identity, to_pod(pod), to_replica(pod))
