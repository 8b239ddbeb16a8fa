"""Which mirrors of the cluster feed a view."""

from collections.abc import Callable
from functools import partial
from typing import Any

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
from fogline.cluster.reflector import Reflector
from fogline.names import MODEL_LABEL
from fogline.observe.view import Child, View


def reflectors(client: Client, view: View, compare_seconds: float) -> tuple[Reflector[Any], ...]:
    """Make the reflectors that tell a view of every change; the caller runs them.

    Parameters
    ----------
    compare_seconds
        How often each of them lists everything, to find what its watch failed to tell.
    """

    def of_children(kind: Kind, as_type: type[Child]) -> Reflector[Child]:
        on_change: Callable[[Child | None, Child | None], None] = partial(view.child_changed, kind)
        return Reflector(
            client, kind, as_type, on_change, label_selector=MODEL_LABEL, compare_seconds=compare_seconds
        )

    return (
        Reflector(client, NODES, objects.Node, view.node_changed, compare_seconds=compare_seconds),
        Reflector(
            client, NODE_PROFILES, objects.NodeProfile, view.profile_changed, compare_seconds=compare_seconds
        ),
        Reflector(client, PODS, objects.Pod, view.pod_changed, compare_seconds=compare_seconds),
        of_children(DEPLOYMENTS, objects.Deployment),
        of_children(SERVICES, objects.Service),
        of_children(POD_DISRUPTION_BUDGETS, objects.PodDisruptionBudget),
    )
