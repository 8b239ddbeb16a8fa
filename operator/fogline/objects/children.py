"""All objects of one ModelDeployment."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fogline.api import ModelDeployment, ModelDeploymentSpec
from fogline.config import Settings
from fogline.memo import Memo
from fogline.objects.budget import budget
from fogline.objects.deployment import deployment
from fogline.objects.metadata import Document
from fogline.objects.service import services

Notes = Mapping[str, Mapping[str, str]]
"""Annotations by variant."""
NO_NOTES: Notes = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Children:
    """What should exist for one ModelDeployment."""

    services: tuple[Document, ...]
    budget: Document
    deployments: tuple[Document, ...]

    def documents(self) -> tuple[Document, ...]:
        """All of them, in the order in which they are applied."""
        return (*self.services, self.budget, *self.deployments)


@dataclass(slots=True)
class _Latest:
    """What was made last of a spec."""

    asked: tuple[object, ...] = ()
    """All else that it was made of."""
    made: Children | None = None


_LATEST: Memo[ModelDeploymentSpec, _Latest] = Memo(most=4096)


def children(
    model: ModelDeployment,
    replicas: Mapping[str, int],
    settings: Settings,
    may_go: int = 0,
    traffic_distribution: str | None = None,
    notes: Notes = NO_NOTES,
) -> Children:
    """Build every child. They are only read: who asks for the same again gets the same documents.

    Parameters
    ----------
    replicas
        The variants in use and how many replicas each runs; each has its artifact.
    may_go
        Replicas that the budget lets go even if the user allows fewer.
    traffic_distribution
        Of the Services, as the cluster calls it; None for any replica.
    notes
        Annotations of the Deployments, by variant.
    """
    meta = model.metadata
    asked = (
        meta.namespace,
        meta.name,
        meta.uid,
        dict(replicas),
        settings,
        may_go,
        traffic_distribution,
        notes,
    )
    latest = _LATEST.get(model.spec, lambda _: _Latest())
    if latest.made is None or latest.asked != asked:
        latest.asked = asked
        latest.made = _build(model, replicas, settings, may_go, traffic_distribution, notes)
    return latest.made


def _build(
    model: ModelDeployment,
    replicas: Mapping[str, int],
    settings: Settings,
    may_go: int,
    traffic_distribution: str | None,
    notes: Notes,
) -> Children:
    return Children(
        services(model, traffic_distribution),
        budget(model, may_go),
        tuple(
            deployment(model, variant, replicas[variant.name], settings, notes.get(variant.name))
            for variant in model.spec.variants
            if variant.name in replicas
        ),
    )
