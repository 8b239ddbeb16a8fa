"""The API group fogline.dev: frozen types, the rules that hold between their fields, and their CRD."""

from fogline.api.budgets import MoveBudget
from fogline.api.condition import Condition
from fogline.api.enums import (
    Architecture,
    Billing,
    ConditionStatus,
    DataSensitivity,
    MoveReason,
    MoveResult,
    MoveStrategy,
    Objective,
    OnEdgeUnreachable,
    OnNoFit,
    RebalancingMode,
    Runtime,
    Tier,
    TrafficDistribution,
)
from fogline.api.metadata import ModelDeploymentMeta, ObjectMeta
from fogline.api.modeldeployment import GROUP, KIND, PLURAL, VERSION, ModelDeployment, ModelDeploymentSpec
from fogline.api.nodeprofile import (
    NODE_PROFILE_KIND,
    NODE_PROFILE_PLURAL,
    ClientSiteLatency,
    NodeProfile,
    NodeProfileSpec,
    NodeProfileStatus,
)
from fogline.api.parsing import parse, parse_budgets, parse_node_profile
from fogline.api.placement import Client, CostLimit, Latency, Placement, Spread, TierBounds
from fogline.api.policies import Disruption, Rebalancing
from fogline.api.serviceoptions import ServiceOptions
from fogline.api.status import (
    LastDecision,
    ModelDeploymentStatus,
    Moves,
    PastMove,
    PlacementStatus,
    PlannedMove,
    RejectionSummary,
    TiersStatus,
    TierStatus,
)
from fogline.api.variants import Artifact, ModelName, Resources, Variant

__all__ = [
    "GROUP",
    "KIND",
    "NODE_PROFILE_KIND",
    "NODE_PROFILE_PLURAL",
    "PLURAL",
    "VERSION",
    "Architecture",
    "Artifact",
    "Billing",
    "Client",
    "ClientSiteLatency",
    "Condition",
    "ConditionStatus",
    "CostLimit",
    "DataSensitivity",
    "Disruption",
    "LastDecision",
    "Latency",
    "ModelDeployment",
    "ModelDeploymentMeta",
    "ModelDeploymentSpec",
    "ModelDeploymentStatus",
    "ModelName",
    "MoveBudget",
    "MoveReason",
    "MoveResult",
    "MoveStrategy",
    "Moves",
    "NodeProfile",
    "NodeProfileSpec",
    "NodeProfileStatus",
    "ObjectMeta",
    "Objective",
    "OnEdgeUnreachable",
    "OnNoFit",
    "PastMove",
    "Placement",
    "PlacementStatus",
    "PlannedMove",
    "Rebalancing",
    "RebalancingMode",
    "RejectionSummary",
    "Resources",
    "Runtime",
    "ServiceOptions",
    "Spread",
    "Tier",
    "TierBounds",
    "TierStatus",
    "TiersStatus",
    "TrafficDistribution",
    "Variant",
    "parse",
    "parse_budgets",
    "parse_node_profile",
]
