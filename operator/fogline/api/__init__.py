"""The API group fogline.dev: frozen types, the rules that hold between their fields, and their CRD."""

from fogline.api.enums import (
    Architecture,
    ConditionStatus,
    DataSensitivity,
    MoveStrategy,
    Objective,
    OnEdgeUnreachable,
    OnNoFit,
    RebalancingMode,
    Runtime,
    Tier,
)
from fogline.api.modeldeployment import (
    GROUP,
    KIND,
    PLURAL,
    VERSION,
    ModelDeployment,
    ModelDeploymentSpec,
    ObjectMeta,
)
from fogline.api.parsing import parse
from fogline.api.placement import Client, CostLimit, Latency, Placement, Spread, TierBounds
from fogline.api.policies import Disruption, Rebalancing
from fogline.api.status import (
    Condition,
    LastDecision,
    ModelDeploymentStatus,
    Moves,
    PlacementStatus,
    RejectionSummary,
    TiersStatus,
    TierStatus,
)
from fogline.api.variants import Artifact, ModelName, Resources, Variant

__all__ = [
    "GROUP",
    "KIND",
    "PLURAL",
    "VERSION",
    "Architecture",
    "Artifact",
    "Client",
    "Condition",
    "ConditionStatus",
    "CostLimit",
    "DataSensitivity",
    "Disruption",
    "LastDecision",
    "Latency",
    "ModelDeployment",
    "ModelDeploymentSpec",
    "ModelDeploymentStatus",
    "ModelName",
    "MoveStrategy",
    "Moves",
    "ObjectMeta",
    "Objective",
    "OnEdgeUnreachable",
    "OnNoFit",
    "Placement",
    "PlacementStatus",
    "Rebalancing",
    "RebalancingMode",
    "RejectionSummary",
    "Resources",
    "Runtime",
    "Spread",
    "Tier",
    "TierBounds",
    "TierStatus",
    "TiersStatus",
    "Variant",
    "parse",
]
