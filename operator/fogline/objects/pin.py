"""The JSON patches that let a gated pod go: to one node, or to any node that meets its requirements."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fogline.names import (
    CLIENT_SITE_ANNOTATION,
    COST_ANNOTATION,
    DECIDED_AT_ANNOTATION,
    DECIDED_AT_FORMAT,
    GATE,
    LATENCY_ANNOTATION,
    STANDS_IN_ANNOTATION,
)
from fogline.objects.marks import arrival_notes
from fogline.objects.metadata import Document, Noted, annotate
from fogline.snapshot import Move, Replica

_TERMS = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms"


class Gated(Noted, Protocol):
    """A pod, as far as it matters for opening its gate."""

    @property
    def uid(self) -> str:
        """Which pod it is."""
        ...

    @property
    def resource_version(self) -> str:
        """Which state of it was seen."""
        ...

    @property
    def gates(self) -> tuple[str, ...]:
        """Its scheduling gates, those of others included."""
        ...


@dataclass(frozen=True, slots=True)
class PinnedPlace:
    """The decision that is written on the replica."""

    node: str
    client_site: str | None
    cost_per_hour: str
    """US dollars, a decimal string."""
    latency_milliseconds: int | None
    decided_at: datetime
    replaces: tuple[str, Move] | None = None
    """The uid of the victim and the move, when the replica comes by one."""
    stands_in_for: str | None = None
    """The uid of the replica beyond a cut link, when this one is its stand-in."""


def pin(replica: Replica, place: PinnedPlace) -> list[Document]:
    """Prove that nothing changed, pin the pod to its node in every term, note the decision, open our gate.

    The API server accepts a pin in some terms only, and such a pod may start elsewhere: hence every term.

    Raises
    ------
    ValueError
        The pod does not carry our gate, or has no term to pin.
    """
    if not replica.affinity_terms:
        raise ValueError(f"pod {replica.uid} has no required node affinity to pin")
    field = {"key": "metadata.name", "operator": "In", "values": [place.node]}
    notes = {
        COST_ANNOTATION: place.cost_per_hour,
        DECIDED_AT_ANNOTATION: place.decided_at.strftime(DECIDED_AT_FORMAT),
    }
    if place.client_site is not None:
        notes[CLIENT_SITE_ANNOTATION] = place.client_site
    if place.latency_milliseconds is not None:
        notes[LATENCY_ANNOTATION] = str(place.latency_milliseconds)
    if place.replaces is not None:
        notes |= arrival_notes(*place.replaces)
    if place.stands_in_for is not None:
        notes[STANDS_IN_ANNOTATION] = place.stands_in_for
    return [
        *_unchanged(replica),
        *(
            {"op": "add", "path": f"{_TERMS}/{term}/matchFields", "value": [field]}
            for term in range(replica.affinity_terms)
        ),
        *annotate(replica, notes),
        {"op": "remove", "path": _gate_path(replica)},
    ]


def open_gate(replica: Gated, decided_at: datetime) -> list[Document]:
    """Prove that nothing changed and open our gate without a pin; the requirements in the pod still hold.

    Raises
    ------
    ValueError
        The pod does not carry our gate.
    """
    note = {DECIDED_AT_ANNOTATION: decided_at.strftime(DECIDED_AT_FORMAT)}
    return [*_unchanged(replica), *annotate(replica, note), {"op": "remove", "path": _gate_path(replica)}]


def _gate_path(replica: Gated) -> str:
    if GATE not in replica.gates:
        raise ValueError(f"pod {replica.uid} has no scheduling gate {GATE} to open")
    return f"/spec/schedulingGates/{replica.gates.index(GATE)}"


def _unchanged(replica: Gated) -> list[Document]:
    return [
        {"op": "test", "path": "/metadata/uid", "value": replica.uid},
        {"op": "test", "path": "/metadata/resourceVersion", "value": replica.resource_version},
        {"op": "test", "path": f"{_gate_path(replica)}/name", "value": GATE},
    ]
