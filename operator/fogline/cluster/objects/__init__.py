"""Live objects, with only the fields that placement needs: small in memory and quick to decode."""

from fogline.cluster.objects.deployment import Deployment, DeploymentSpec, DeploymentStatus, LabelSelector
from fogline.cluster.objects.disruption import (
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
    PodDisruptionBudgetStatus,
)
from fogline.cluster.objects.job import Job, JobSpec, JobStatus
from fogline.cluster.objects.lease import Lease, LeaseSpec
from fogline.cluster.objects.metadata import AnyObject, Condition, ObjectMeta, OwnerReference
from fogline.cluster.objects.modeltraining import ModelTraining
from fogline.cluster.objects.node import Node, NodeSpec, NodeStatus, Taint
from fogline.cluster.objects.nodeprofile import NodeProfile
from fogline.cluster.objects.pod import (
    Affinity,
    Container,
    ContainerState,
    ContainerStateDetail,
    ContainerStatus,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    Pod,
    PodSpec,
    PodStatus,
    ResourceRequirements,
    SchedulingGate,
    Toleration,
)
from fogline.cluster.objects.policy import Policy, PolicyBinding, PolicyBindingSpec, PolicySpec
from fogline.cluster.objects.service import Service, ServiceSpec

__all__ = [
    "Affinity",
    "AnyObject",
    "Condition",
    "Container",
    "ContainerState",
    "ContainerStateDetail",
    "ContainerStatus",
    "Deployment",
    "DeploymentSpec",
    "DeploymentStatus",
    "Job",
    "JobSpec",
    "JobStatus",
    "LabelSelector",
    "Lease",
    "LeaseSpec",
    "ModelTraining",
    "Node",
    "NodeAffinity",
    "NodeProfile",
    "NodeSelector",
    "NodeSelectorRequirement",
    "NodeSelectorTerm",
    "NodeSpec",
    "NodeStatus",
    "ObjectMeta",
    "OwnerReference",
    "Pod",
    "PodDisruptionBudget",
    "PodDisruptionBudgetSpec",
    "PodDisruptionBudgetStatus",
    "PodSpec",
    "PodStatus",
    "Policy",
    "PolicyBinding",
    "PolicyBindingSpec",
    "PolicySpec",
    "ResourceRequirements",
    "SchedulingGate",
    "Service",
    "ServiceSpec",
    "Taint",
    "Toleration",
]
