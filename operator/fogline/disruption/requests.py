"""Moves that a user asks for, in an annotation of the ModelDeployment."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from fogline.conditions import Reason
from fogline.disruption.forced import pod_of
from fogline.disruption.proposals import Proposal
from fogline.names import REQUESTED_MOVES_ANNOTATION
from fogline.placement import (
    Alternative,
    Assignment,
    Demand,
    Refused,
    Rejection,
    Unplaceable,
    Usage,
    assume,
    judge,
    leaving,
)
from fogline.snapshot import Node, Pod, Replica

_REQUEST = re.compile(r"(?P<pod>[^=@,]+)=(?P<target>[^=@,]+)@(?P<until>[^=@,]+)")


@dataclass(frozen=True, slots=True)
class MoveRequest:
    """One replica is asked to go to one node.

    It is over when the pod is gone or on that node, when the history tells how the move ended, and when its
    time is up. So nobody has to take it away.
    """

    pod: str
    target: str
    until: datetime

    def __str__(self) -> str:
        return f"{self.pod}={self.target}@{self.until:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def move_id(self) -> str:
        """Identity of the move, the same whoever carries it out."""
        return hashlib.sha256(str(self).encode()).hexdigest()[:8]


def move_requests(annotations: Mapping[str, str]) -> tuple[MoveRequest, ...]:
    """Read the requests; what cannot be read is none, and `unreadable_requests` tells of it."""
    return tuple(one for _, one in _parts(annotations) if one)


def unreadable_requests(annotations: Mapping[str, str]) -> Iterator[str]:
    """Say which requests cannot be read."""
    for text, one in _parts(annotations):
        if one is None:
            yield (
                f"annotation {REQUESTED_MOVES_ANNOTATION} says {text[:80]!r}, no POD=NODE@TIME such as "
                "digits-cloud-5d9c-x7k2p=edge-1@2030-01-31T00:00:00Z: ignored"
            )


def requested_moves(
    demand: Demand,
    replicas: Iterable[Replica],
    requests: Iterable[MoveRequest],
    told: Collection[str],
    usage: Usage,
) -> list[Proposal]:
    """Find what is to be done about requests whose time is not up.

    Parameters
    ----------
    replicas
        Those that run and that nothing else is proposed for.
    told
        Ids of moves that have ended.
    usage
        Is brought up to date: it counts each replacement, and no more the replica that it replaces.
    """
    by_name = {replica.name: replica for replica in replicas}
    found: list[Proposal] = []
    for request in requests:
        replica = by_name.get(request.pod)
        if replica is None or request.move_id in told or not usage.knows(request.target):
            continue
        pod = pod_of(replica, demand, usage)
        if pod is None or pod.node == request.target:
            continue
        answer = place_on(usage.node(request.target), demand, pod, usage)
        found.append(Proposal(by_name.pop(request.pod), Reason.REQUESTED, answer, move_id=request.move_id))
        if isinstance(answer, Assignment):
            usage.release(pod)
            assume(answer, demand, usage)
    return found


def place_on(target: Node, demand: Demand, pod: Pod, usage: Usage) -> Assignment | Unplaceable:
    """Take one node for a replica that runs, or say why that refuses it; its node must be Ready, too."""
    source, site = usage.node(pod.node), pod.replica.client_site if pod.replica else None
    judged = judge(demand, leaving(usage, pod), target, site)
    if not source.ready:
        judged = Alternative(target.name, None, (Rejection(source.name, Reason.NODE_NOT_READY),))
    if judged.offer is None or judged.rejections:
        return Unplaceable(
            model=demand.model,
            variant=pod.replica.variant if pod.replica else "",
            client_site=site,
            refused=tuple(Refused(1, one) for one in judged.rejections),
            only_room=False,
            counterfactual=None,
        )
    return Assignment(
        model=demand.model,
        client_site=site,
        tier=target.tier,
        offer=judged.offer,
        runner_up=None,
        feasible=1,
        refused=(),
        counterfactual=None,
    )


def _parts(annotations: Mapping[str, str]) -> Iterator[tuple[str, MoveRequest | None]]:
    for text in filter(None, annotations.get(REQUESTED_MOVES_ANNOTATION, "").split(",")):
        yield text, _read(text.strip())


def _read(text: str) -> MoveRequest | None:
    found = _REQUEST.fullmatch(text)
    if found is None:
        return None
    try:
        until = datetime.fromisoformat(found["until"])
    except ValueError:
        return None
    return MoveRequest(found["pod"], found["target"], until) if until.tzinfo else None
