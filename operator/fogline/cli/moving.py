"""Which replica of a model goes when a user asks for one to go to a node. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from fogline.api import ModelDeployment
from fogline.conditions import Reason
from fogline.disruption import Held, Moment, MoveRequest, Proposal, hold, is_outage, move_requests, place_on
from fogline.disruption.forced import pod_of
from fogline.errors import BadInputError
from fogline.observe import model_key
from fogline.placement import Usage, demand_of, price_in_place
from fogline.snapshot import Node, Replica, Snapshot


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user asks for."""

    target: Node
    source: str | None
    """The node that a replica leaves; None for any."""
    until: datetime
    """After that the request is worth nothing."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The replica that goes."""

    replica: Replica
    request: MoveRequest


def choose(
    model: ModelDeployment, snapshot: Snapshot, replicas: Iterable[Replica], wish: Wish, now: datetime
) -> Chosen | Held:
    """Choose the replica that counts most where it is now; or say why the first of them may not go.

    Raises
    ------
    BadInputError
        No replica of the model can be meant.
    """
    demand, usage = demand_of(model), Usage(snapshot)
    if demand.is_suspended:
        raise BadInputError(f"{model_key(model)} is suspended, so nothing moves: fogline resume first")
    found = []
    for replica in replicas:
        pod = pod_of(replica, demand, usage)
        if pod is None or not _may_be_meant(replica, wish):
            continue
        answer = place_on(wish.target, demand, pod, usage)
        held = hold(Proposal(replica, Reason.REQUESTED, answer), model, Moment(now, is_outage(usage.nodes)))
        price = price_in_place(demand, usage, pod) or Decimal(0)
        found.append((held is not None, -price, replica.name, replica, held))
    if not found:
        where = f"on {wish.source}" if wish.source else f"on a node other than {wish.target.name}"
        raise BadInputError(f"{model_key(model)} has no replica {where} that is not moving already")
    *_, replica, held = min(found, key=lambda one: one[:3])
    return held or Chosen(replica, MoveRequest(replica.name, wish.target.name, wish.until))


def requests_with(annotations: dict[str, str], request: MoveRequest, now: datetime) -> str:
    """Give the annotation with one more request, without those that are over or about the same replica."""
    others = (one for one in move_requests(annotations) if one.until > now and one.pod != request.pod)
    return ",".join(map(str, (*others, request)))


def _may_be_meant(replica: Replica, wish: Wish) -> bool:
    if not (replica.alive and replica.bound) or replica.replaces or replica.leaves_by:
        return False
    return replica.node != wish.target.name and wish.source in {None, replica.node}
