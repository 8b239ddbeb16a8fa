"""The cluster of the simulation: nodes, models, and how long their artifacts take to load."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from dev.instances import Instance, documents
from dev.instances.models import MANY_SMALL, Load, make_models
from dev.instances.nodes import make_nodes

from fogline.api import ModelDeployment
from fogline.cluster.documents import Document
from fogline.names import MODEL_LABEL, ModelKey
from fogline.placement import Demand, Usage, decide, demand_of, turn
from fogline.snapshot import Node, Snapshot

_LOAD = Load(
    3.0, {size: often for size, often in MANY_SMALL.requests.items() if not size[2]}, most_replicas=8
)
"""A part of the room is left, so that the replicas of a node that fails find room elsewhere."""
_LOAD_SECONDS = (5, 120)
"""From the binding of a pod until it answers: to fetch an artifact and to load it. Small .tflite files take
seconds, SavedModels of gigabytes over the link of an edge site minutes."""


@dataclass(frozen=True)
class World:
    """What is there on the first day."""

    nodes: tuple[Node, ...]
    node_documents: Sequence[Document]
    models: tuple[ModelDeployment, ...]
    demands: Mapping[ModelKey, Demand]
    load_seconds: Mapping[str, float]
    """By model."""

    def seconds_to_load(self, pod: Document) -> float:
        """Tell how long a pod takes until it answers."""
        return self.load_seconds[pod["metadata"]["labels"][MODEL_LABEL]]


def make_world(nodes: int, seed: int) -> World:
    """Make nodes, and models that all find room on them at first."""
    random = Random(f"world/{seed}")  # noqa: S311  a cluster is no secret
    made = tuple(make_nodes(nodes, random))
    wanted = tuple(make_models(made, _LOAD, random))
    models = tuple(_that_fit(sorted(wanted, key=lambda one: turn(demand_of(one))), Usage(Snapshot(made))))
    everything: list[dict[str, Any]] = documents(Instance("moves", models, Snapshot(made)))["items"]
    demands = {demand.model: demand for demand in map(demand_of, models)}
    return World(
        made,
        [document for document in everything if document["kind"] == "Node"],
        models,
        demands,
        {model.metadata.name: float(random.randint(*_LOAD_SECONDS)) for model in models},
    )


def _that_fit(models: Iterable[ModelDeployment], usage: Usage) -> Iterator[ModelDeployment]:
    """Leave out the models that do not find room for all of their replicas beside those before them."""
    for model in models:
        tried = usage.fork()
        decision = decide(demand_of(model), tried)
        if not decision.unplaceable:
            usage = tried
            yield model
