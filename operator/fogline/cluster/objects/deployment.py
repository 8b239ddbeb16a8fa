"""Deployments."""

from collections.abc import Mapping

import msgspec

from fogline.cluster.objects.metadata import Condition, ObjectMeta, Slim


class LabelSelector(Slim, frozen=True):
    """Which pods belong to an object."""

    match_labels: Mapping[str, str] = msgspec.field(default_factory=dict)


class DeploymentSpec(Slim, frozen=True):
    """What was asked of a Deployment."""

    selector: LabelSelector = LabelSelector()
    replicas: int = 1


class DeploymentStatus(Slim, frozen=True):
    """What the Deployment controller reports."""

    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class Deployment(Slim, frozen=True):
    """Replicas of one variant of a model."""

    metadata: ObjectMeta
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()
