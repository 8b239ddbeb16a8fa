"""A cluster around one ModelDeployment, and the pass that is made over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.support.live import NOW, SETTINGS, live_pod, replica_of

from fogline.api import ModelDeployment
from fogline.cluster import objects
from fogline.cluster.version import Version
from fogline.observe import Owned, snapshot, to_pod
from fogline.placement import Usage
from fogline.reconcile.intent import Before, Intent, intend
from fogline.reconcile.refusal import Refusal
from fogline.reconcile.versions import not_supported
from fogline.snapshot import Node

BEFORE_IMAGE_VOLUMES = Version(1, 34)


@dataclass(frozen=True)
class Scene:
    """What one pass looks at."""

    model: ModelDeployment
    nodes: tuple[Node, ...] = ()
    pods: tuple[Mapping[str, Any], ...] = ()
    """Documents of pods of ours."""
    deployments: Mapping[str, objects.Deployment] | None = None
    """By variant."""
    services: tuple[objects.Service, ...] = ()
    refusal: Refusal | None = None
    version: Version = BEFORE_IMAGE_VOLUMES
    """Of the cluster."""
    gap: str | None = None
    """Why nothing new may be placed."""

    @property
    def usage(self) -> Usage:
        """Room as the next pass finds it."""
        live = (to_pod(live_pod(document)) for document in self.pods)
        return Usage(snapshot(self.nodes, [pod for pod in live if pod]))

    def pass_at(self, now: datetime = NOW, usage: Usage | None = None) -> Intent:
        """Make one pass."""
        replicas = tuple(replica_of(document) for document in self.pods)
        seen = Owned(replicas, self.deployments or {}, self.services)
        refusal = not_supported(self.model, self.version) or self.refusal
        before = Before(refusal, version=self.version, gap=self.gap)
        return intend(self.model, seen, before, usage or self.usage, SETTINGS, now)
