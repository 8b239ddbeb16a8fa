"""PodDisruptionBudgets that must not block a drain for ever: no I/O."""

from typing import Any

from fogline.cluster.objects import PodDisruptionBudgetSpec, PodDisruptionBudgetStatus
from fogline.cluster.objects.metadata import ObjectMeta, Slim

FIELD_MANAGER = "fogline-janitor"
"""Who loosened a budget, as the API server notes it; the operator's next apply takes the field back."""


class _ManagedFields(Slim, frozen=True):
    manager: str = ""


class _Meta(ObjectMeta, frozen=True):
    managed_fields: tuple[_ManagedFields, ...] = ()


class Budget(Slim, frozen=True):
    """A PodDisruptionBudget, and who wrote its fields."""

    metadata: _Meta
    spec: PodDisruptionBudgetSpec = PodDisruptionBudgetSpec()
    status: PodDisruptionBudgetStatus = PodDisruptionBudgetStatus()


def loosened(budget: Budget) -> list[dict[str, Any]] | None:
    """Give the JSON patch that lets one more pod go; None when some may go, or it was loosened already.

    The mark of that is the owner of the field, so it outlives this process.
    """
    least, meta = budget.spec.min_available, budget.metadata
    if not isinstance(least, int) or least <= 0 or budget.status.disruptions_allowed > 0:
        return None
    if any(entry.manager == FIELD_MANAGER for entry in meta.managed_fields):
        return None
    return [
        {"op": "test", "path": "/metadata/uid", "value": meta.uid},
        {"op": "test", "path": "/metadata/resourceVersion", "value": meta.resource_version},
        {"op": "replace", "path": "/spec/minAvailable", "value": least - 1},
    ]
