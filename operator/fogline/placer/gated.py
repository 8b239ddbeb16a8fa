"""What becomes of all gated pods of one model, as a pure function."""

from collections.abc import Sequence
from datetime import datetime

from fogline.api import ModelDeployment
from fogline.objects import PinnedPlace
from fogline.observe import Owned, Role, leave, moves
from fogline.placement import Usage, demand_of
from fogline.placer.choose import Choice, choose
from fogline.placer.stand_ins import choose_stand_ins
from fogline.snapshot import Replica


def decide_gated(
    model: ModelDeployment,
    gated: Sequence[Replica],
    seen: Owned,
    usage: Usage,
    now: datetime,
    *,
    refused: bool = False,
) -> list[Choice]:
    """Decide for each gated pod: stand-ins first, because they are told by what the others need.

    `usage` is brought up to date with every pin. `refused` is as in `choose`.
    """
    progress = moves(model, demand_of(model), seen, usage, now)
    leave(progress, seen, usage)
    extra = choose_stand_ins(model, gated, seen, progress, usage, now)
    pinned = {one.replica.uid for one in extra}
    rest = [replica for replica in gated if replica.uid not in pinned]
    return [*extra, *choose(model, rest, progress, usage, now, refused=refused)]


def role_of(place: PinnedPlace) -> Role:
    """Tell what a pod is placed for."""
    victim, move = place.replaces or (None, None)
    return Role(came_by=move, replaces=victim, stands_in_for=place.stands_in_for)
