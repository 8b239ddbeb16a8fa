"""ModelDeployment: one model that is kept where it should run."""

from typing import Annotated, Literal

from msgspec import Meta

from fogline.api.fields import ApiObject, Replicas, as_map
from fogline.api.metadata import ModelDeploymentMeta
from fogline.api.placement import Placement
from fogline.api.policies import Disruption, Rebalancing
from fogline.api.rollout import Rollout
from fogline.api.serviceoptions import ServiceOptions
from fogline.api.status import ModelDeploymentStatus
from fogline.api.variants import ModelName, Variant

GROUP = "fogline.dev"
VERSION = "v1alpha1"
PLURAL = "modeldeployments"
KIND = "ModelDeployment"


class ModelDeploymentSpec(ApiObject, frozen=True, kw_only=True):
    """What the user wants."""

    replicas: Replicas = 1
    """Replicas in total, over both tiers. kubectl scale, HPA and KEDA set it through /scale."""
    suspend: bool = False
    """If true, nothing is placed or moved; what runs goes on."""
    model: ModelName | None = None
    """Name of the model in requests. Immutable. Absent: the name of the ModelDeployment."""
    variants: Annotated[tuple[Variant, ...], as_map("name"), Meta(min_length=1, max_length=8)]
    """The ways to run the model, at least one."""
    placement: Placement = Placement()
    """Rules for where replicas run."""
    rebalancing: Rebalancing = Rebalancing()
    """When and how replicas move to a better node."""
    disruption: Disruption = Disruption()
    """How many replicas may be missing, and what happens when an edge node is cut off."""
    rollout: Rollout = Rollout()
    """How a new version of a variant, another artifact or image, reaches its replicas."""
    service: ServiceOptions = ServiceOptions()
    """How clients reach the replicas, besides the one Service in front of all of them."""

    @property
    def served(self) -> tuple[Variant, ...]:
        """The variants that have their artifact."""
        return tuple(variant for variant in self.variants if variant.artifact is not None)


class ModelDeployment(ApiObject, frozen=True, kw_only=True):
    """One AI model, kept on the cloud and edge nodes that suit it by latency, cost and data sensitivity."""

    api_version: Literal["fogline.dev/v1alpha1"] = "fogline.dev/v1alpha1"
    kind: Literal["ModelDeployment"] = "ModelDeployment"
    metadata: ModelDeploymentMeta
    spec: ModelDeploymentSpec
    """What the user wants."""
    status: ModelDeploymentStatus | None = None
    """What the operator observed. Written by the operator alone."""

    @property
    def model_name(self) -> str:
        """Name of the model in requests."""
        return self.spec.model.name if self.spec.model else self.metadata.name
