"""Scenarios that are decided twice: with a rule, and changed in one point so that the rule says nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.builders import make_demand, make_pod, make_variant
from tests.support.engines import Answer, Engine

from fogline.placement import Demand
from fogline.snapshot import Node, Pod, Snapshot

CLOUD = make_variant("cloud", "Cloud")
EDGE = make_variant("edge", "Edge")


@dataclass(frozen=True)
class Scenario:
    """What is asked for, what is there, and what is decided."""

    demands: Sequence[Demand]
    nodes: Sequence[Node]
    answer: Answer
    pods: Sequence[Pod] = ()

    def decided_by(self, engine: Engine) -> Answer:
        """Decide."""
        return engine(self.demands, Snapshot(tuple(self.nodes), tuple(self.pods)))


@dataclass(frozen=True)
class Pair:
    """A scenario in which a rule decides, and the same where it says nothing."""

    ruled: Scenario
    free: Scenario


def asks(replicas: int = 1, *, variants: Sequence[Any] = (CLOUD,), **spec: Any) -> list[Demand]:
    """Ask for one model that runs in the cloud only."""
    return [make_demand(replicas=replicas, variants=list(variants), **spec)]


def on(*nodes: str, waiting: int = 0, leaving: Sequence[str] = ()) -> Answer:
    """Say where the replicas of the one model are in the end."""
    return Answer(
        nodes={"digits": sorted(nodes)} if nodes else {},
        waiting={"digits": waiting} if waiting else {},
        leaving=list(leaving),
    )


def replicas(model: str | None, *nodes: str, variant: str = "cloud", first: int = 0) -> list[Pod]:
    """Put replicas of a model on nodes, called ``<model>-0`` and so on; None for other people's pods."""
    return [
        make_pod(f"{model}-{number}", node, model=model, variant=variant)
        for number, node in enumerate(nodes, first)
    ]
