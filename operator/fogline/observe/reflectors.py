"""Which mirrors of the cluster feed a view."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from fogline.cluster import objects
from fogline.cluster.client import Client
from fogline.cluster.kinds import (
    DEPLOYMENTS,
    NODE_PROFILES,
    NODES,
    POD_DISRUPTION_BUDGETS,
    PODS,
    SERVICES,
    Kind,
)
from fogline.cluster.reflector import Live, Reflector, as_it_is
from fogline.names import MODEL_LABEL
from fogline.observe.seen import seen_pod
from fogline.observe.view import Child, View

T = TypeVar("T", bound=Live)


def reflectors(
    client: Client, view: View, compare_seconds: float, confirm_seconds: float
) -> tuple[Reflector[Any], ...]:
    """Make the reflectors that tell a view of every change; the caller runs them.

    Parameters
    ----------
    compare_seconds
        How often each of them lists everything, to find what its watch failed to tell.
    confirm_seconds
        After which a list that is suspiciously short must be confirmed by a second one.
    """

    def of(
        kind: Kind,
        as_type: type[Any],
        on_change: Callable[[T | None, T | None], None],
        selector: str = "",
        keep: Callable[[Any], T] = as_it_is,
    ) -> Reflector[T]:
        return Reflector(
            client,
            kind,
            as_type,
            on_change,
            keep=keep,
            label_selector=selector,
            compare_seconds=compare_seconds,
            confirm_seconds=confirm_seconds,
        )

    def of_children(kind: Kind, as_type: type[Child]) -> Reflector[Child]:
        return of(kind, as_type, partial(view.child_changed, kind), MODEL_LABEL)

    return (
        of(NODES, objects.Node, view.node_changed),
        of(NODE_PROFILES, objects.NodeProfile, view.profile_changed),
        of(PODS, objects.Pod, view.pod_changed, keep=seen_pod),
        of_children(DEPLOYMENTS, objects.Deployment),
        of_children(SERVICES, objects.Service),
        of_children(POD_DISRUPTION_BUDGETS, objects.PodDisruptionBudget),
    )
