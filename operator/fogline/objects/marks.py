"""The JSON patches that mark the pods of a move."""

from fogline.api import MoveStrategy
from fogline.names import DECIDED_AT_FORMAT, MOVE_PREFIX, MOVED_PREFIX, REPLACES_ANNOTATION
from fogline.objects.metadata import Document, annotate, path_of_annotation
from fogline.snapshot import Move, Replica
from fogline.units import format_usd


def mark_victim(replica: Replica, move: Move) -> list[Document]:
    """Prove that nothing changed and note on a replica that it moves."""
    notes = {"id": move.id, "to": move.target, "variant": move.variant, **_common(move)}
    if move.client_site is not None:
        notes["client-site"] = move.client_site
    if move.strategy is not MoveStrategy.SURGE:
        notes["strategy"] = move.strategy.value
    return [
        {"op": "test", "path": "/metadata/uid", "value": replica.uid},
        {"op": "test", "path": "/metadata/resourceVersion", "value": replica.resource_version},
        *annotate(replica, {MOVE_PREFIX + field: value for field, value in notes.items()}),
    ]


def unmark_victim(replica: Replica) -> list[Document]:
    """Take the notes of a move off the replica that stays after all."""
    return _without(replica, [key for key in replica.annotations if key.startswith(MOVE_PREFIX)])


def arrival_notes(victim: str, move: Move) -> dict[str, str]:
    """Give the annotations of the replacement of a victim, which is named by its uid."""
    notes = {"id": move.id, "from": move.source, **_common(move)}
    return {REPLACES_ANNOTATION: victim, **{MOVED_PREFIX + field: value for field, value in notes.items()}}


def settle_replacement(replica: Replica) -> list[Document]:
    """Note on a replacement that its move is in the status."""
    return _without(replica, [REPLACES_ANNOTATION])


def _without(replica: Replica, keys: list[str]) -> list[Document]:
    return [
        {"op": "test", "path": "/metadata/uid", "value": replica.uid},
        *({"op": "remove", "path": path_of_annotation(key)} for key in sorted(keys)),
    ]


def _common(move: Move) -> dict[str, str]:
    notes = {"reason": move.reason, "started-at": move.started_at.strftime(DECIDED_AT_FORMAT)}
    if move.saving_per_hour is not None:
        notes["saving-per-hour"] = format_usd(move.saving_per_hour)
    return notes
