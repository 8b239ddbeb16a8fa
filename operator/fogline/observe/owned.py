"""What belongs to a ModelDeployment, and what of it is on its way out."""

from collections.abc import Mapping
from dataclasses import dataclass

from fogline.api import ModelDeployment
from fogline.cluster import objects
from fogline.cluster.kinds import DEPLOYMENTS, SERVICES
from fogline.names import VARIANT_LABEL, ModelKey
from fogline.observe.view import Child, View
from fogline.snapshot import Replica


@dataclass(frozen=True, slots=True)
class Owned:
    """The live objects of one ModelDeployment."""

    replicas: tuple[Replica, ...]
    deployments: Mapping[str, objects.Deployment]
    """By variant; those of variants that left the spec included."""
    services: tuple[objects.Service, ...] = ()
    """Those that left the spec included."""

    def of_spec(self, model: ModelDeployment) -> list[objects.Deployment]:
        """Give the Deployments of variants that are in the spec.

        A rollout of another one ends never: the pods that it makes are not placed any more.
        """
        variants = {variant.name for variant in model.spec.variants}
        return [live for variant, live in self.deployments.items() if variant in variants]


def owned(view: View, model: ModelDeployment) -> Owned:
    """Collect what belongs to a ModelDeployment; objects of a namesake that was deleted are left out."""
    key = model_key(model)
    children = [*view.children_of(DEPLOYMENTS, key), *view.children_of(SERVICES, key)]
    owned = [child for child in children if _is_owned(child, model)]
    return Owned(
        view.replicas(key),
        {
            child.metadata.labels.get(VARIANT_LABEL, child.metadata.name): child
            for child in owned
            if isinstance(child, objects.Deployment)
        },
        tuple(child for child in owned if isinstance(child, objects.Service)),
    )


def model_key(model: ModelDeployment) -> ModelKey:
    """Give namespace and name."""
    return ModelKey(model.metadata.namespace or "default", model.metadata.name)


def surge(seen: Owned) -> tuple[Replica, ...]:
    """Give the replicas on nodes beyond what their Deployments ask for: a rollout is replacing them.

    The newest pod shows the template that the rollout goes to, so pods of other templates go. Which pods go
    when a Deployment only shrinks is not known before they do, so those count until then.
    """
    leaving: list[Replica] = []
    for variant, live in seen.deployments.items():
        there = [r for r in seen.replicas if r.variant == variant and r.alive and r.node]
        excess = len(there) - live.spec.replicas
        if excess > 0 and is_rolling(live):
            newest = max(there, key=lambda r: (r.created_at, r.name)).template
            older = [r for r in there if r.template != newest]
            leaving += sorted(older, key=lambda r: (r.created_at, r.name))[:excess]
    return tuple(leaving)


def refused_pods(seen: Owned) -> dict[str, str]:
    """Say of which variants no more pods can be made, and why: a quota for example."""
    return {
        variant: one.message
        for variant, live in seen.deployments.items()
        for one in live.status.conditions
        if one.type == "ReplicaFailure" and one.status == "True"
    }


def is_replacing_templates(live: objects.Deployment) -> bool:
    """Tell whether pods of more than one template are there, so that the next scale-up may be of any."""
    return live.status.replicas > live.status.updated_replicas


def is_rolling(live: objects.Deployment) -> bool:
    """Tell whether the Deployment controller still replaces pods of an older template."""
    status = live.status
    return (
        status.observed_generation < live.metadata.generation
        or status.updated_replicas < live.spec.replicas
        or is_replacing_templates(live)
    )


def _is_owned(child: Child, model: ModelDeployment) -> bool:
    owner = child.metadata.controller
    return owner is not None and owner.uid == model.metadata.uid
