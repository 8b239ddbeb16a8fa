"""Replicas that run, and the rebalance that looks at them."""

from collections.abc import Generator, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.support.live import NOW, Document, live_pod, pod_document, replica_of, serving, stored

from fogline.api import ModelDeployment, MoveBudget
from fogline.disruption import Purse
from fogline.mover.rebalance import Rebalance, Scene, rebalance
from fogline.names import MOVED_PREFIX, REPLACES_ANNOTATION
from fogline.observe import Owned, model_key, snapshot, to_pod
from fogline.placement import Usage
from fogline.snapshot import Node, Pod

LATER = NOW + timedelta(hours=1)
"""When every cool-down is over."""
AT_WILL = Purse((MoveBudget(moves=1000),), 1)


def runs(model: ModelDeployment, name: str, node: str, variant: str = "cloud") -> Document:
    """Make a replica that has been serving on a node since `NOW`."""
    return serving(pod_document(stored(model), name, variant), node)


def came_from(document: Document, source: str, at: datetime = NOW) -> Document:
    """Give the replica after a move that began at a time and is over."""
    notes = {"id": "m1", "from": source, "reason": "NodeCordoned", "started-at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    annotations = document["metadata"]["annotations"] | {
        MOVED_PREFIX + key: value for key, value in notes.items()
    }
    annotations.pop(REPLACES_ANNOTATION, None)
    return {**document, "metadata": {**document["metadata"], "annotations": annotations}}


def look(
    nodes: Iterable[Node],
    *models: tuple[ModelDeployment, Iterable[Document]],
    now: datetime = LATER,
    cluster: Purse = AT_WILL,
    others: Iterable[Pod] = (),
    **more: Any,
) -> Rebalance:
    """Rebalance models, each given with its pods.

    Parameters
    ----------
    others
        Pods of other people.
    more
        Further fields of `Scene`.
    """
    every = [(stored(model), tuple(documents)) for model, documents in models]
    live = [to_pod(live_pod(document)) for _, documents in every for document in documents]
    steps = rebalance(
        Scene(
            models=[(model, Owned(tuple(map(replica_of, documents)), {})) for model, documents in every],
            usage=Usage(snapshot(nodes, [*(pod for pod in live if pod), *others])),
            now=now,
            **more,
        ),
        cluster,
    )
    return finished(steps)


def finished(steps: Generator[None, None, Rebalance]) -> Rebalance:
    """Give what a rebalance comes to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            outcome: Rebalance = end.value
            return outcome


def started(outcome: Rebalance) -> Mapping[str, tuple[str, str]]:
    """Give the moves that start, each by the name of its replica: why, and where it goes to."""
    return {one.replica.name: (one.reason.value, getattr(one.answer, "node", "")) for one in outcome.start}


def waits(outcome: Rebalance, model: ModelDeployment) -> Mapping[str, str]:
    """Give the moves of a model that wait, each by the name of its replica: what for."""
    return {one.proposal.replica.name: one.reason.value for one in outcome.held[model_key(model)]}
