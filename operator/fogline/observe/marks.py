"""The marks of moves on pods.

A kubelet can write annotations of its own pods, so a mark that cannot be read is none.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from fogline.api import MoveStrategy
from fogline.errors import BadInputError
from fogline.names import (
    DECIDED_AT_FORMAT,
    MOVE_PREFIX,
    MOVED_PREFIX,
    REPLACES_ANNOTATION,
    STANDS_IN_ANNOTATION,
)
from fogline.snapshot import Move
from fogline.units import parse_usd


def is_marked(notes: Mapping[str, str]) -> bool:
    """Tell whether a pod may be there beside the replicas of its model: it leaves, replaces or stands in."""
    return f"{MOVE_PREFIX}id" in notes or REPLACES_ANNOTATION in notes or STANDS_IN_ANNOTATION in notes


def leaves_by(notes: Mapping[str, str], node: str | None) -> Move | None:
    """Read the move that a pod on a node is the victim of."""
    said = _said(notes, MOVE_PREFIX)
    if node is None:
        return None
    return _move(
        said, source=node, target=said.get("to"), variant=said.get("variant"), site=said.get("client-site")
    )


def came_by(notes: Mapping[str, str], node: str | None, variant: str, site: str | None) -> Move | None:
    """Read the last move that brought a replica to where a pod is."""
    said = _said(notes, MOVED_PREFIX)
    return _move(said, source=said.get("from"), target=node, variant=variant, site=site)


@lru_cache(maxsize=16_384)
def moment(text: str | None) -> datetime | None:
    """Read a time that we wrote; only our own format counts."""
    try:
        return datetime.strptime(text or "", DECIDED_AT_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _said(notes: Mapping[str, str], prefix: str) -> dict[str, str]:
    if f"{prefix}id" not in notes:
        return {}
    return {key.removeprefix(prefix): value for key, value in notes.items() if key.startswith(prefix)}


def _move(
    said: Mapping[str, str], *, source: str | None, target: str | None, variant: str | None, site: str | None
) -> Move | None:
    started = moment(said.get("started-at"))
    if not (said.get("id") and source and target and variant and said.get("reason") and started):
        return None
    return Move(
        id=said["id"],
        source=source,
        target=target,
        variant=variant,
        client_site=site,
        reason=said["reason"],
        saving_per_hour=_usd(said.get("saving-per-hour")),
        started_at=started,
        strategy=MoveStrategy.EVICT if said.get("strategy") == MoveStrategy.EVICT else MoveStrategy.SURGE,
    )


def _usd(text: str | None) -> Decimal | None:
    try:
        return None if text is None else parse_usd(text)
    except BadInputError:
        return None
