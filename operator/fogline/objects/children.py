"""All objects of one ModelDeployment."""

from collections.abc import Mapping
from dataclasses import dataclass

from fogline.api import ModelDeployment
from fogline.config import Settings
from fogline.objects.budget import budget
from fogline.objects.deployment import deployment
from fogline.objects.metadata import Document
from fogline.objects.service import service


@dataclass(frozen=True, slots=True)
class Children:
    """What should exist for one ModelDeployment."""

    service: Document
    budget: Document
    deployments: tuple[Document, ...]

    def documents(self) -> tuple[Document, ...]:
        """All of them, in the order in which they are applied."""
        return (self.service, self.budget, *self.deployments)


def children(
    model: ModelDeployment, replicas: Mapping[str, int], settings: Settings, may_go: int = 0
) -> Children:
    """Build every child.

    Parameters
    ----------
    replicas
        The variants in use and how many replicas each runs.
    may_go
        Replicas that the budget lets go even if the user allows fewer.
    """
    return Children(
        service(model),
        budget(model, may_go),
        tuple(
            deployment(model, variant, replicas[variant.name], settings)
            for variant in model.spec.variants
            if variant.name in replicas
        ),
    )
