"""PodDisruptionBudgets."""

from fogline.cluster.objects.metadata import Condition, ObjectMeta, Slim


class PodDisruptionBudgetSpec(Slim, frozen=True):
    """How many pods must stay; a number, or a percentage as text."""

    min_available: int | str | None = None
    max_unavailable: int | str | None = None


class PodDisruptionBudgetStatus(Slim, frozen=True):
    """What the disruption controller counts."""

    observed_generation: int = 0
    disruptions_allowed: int = 0
    current_healthy: int = 0
    desired_healthy: int = 0
    expected_pods: int = 0
    conditions: tuple[Condition, ...] = ()


class PodDisruptionBudget(Slim, frozen=True):
    """How many replicas of a model may be away at once."""

    metadata: ObjectMeta
    spec: PodDisruptionBudgetSpec = PodDisruptionBudgetSpec()
    status: PodDisruptionBudgetStatus = PodDisruptionBudgetStatus()
