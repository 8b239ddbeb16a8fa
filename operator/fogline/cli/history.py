"""What happened to models in the order of time: Events, and the moves that a status remembers. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fogline.api import ModelDeployment, MoveResult, history_of
from fogline.cluster.documents import Document
from fogline.cluster.kinds import MODEL_DEPLOYMENTS
from fogline.conditions import Reason
from fogline.names import ModelKey
from fogline.observe import model_key

NORMAL, WARNING = "Normal", "Warning"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Happening:
    """One piece of news."""

    at: datetime
    model: ModelKey
    reason: str
    note: str
    kind: str = NORMAL
    """Normal or Warning."""

    @property
    def is_warning(self) -> bool:
        """Whether somebody should look at it."""
        return self.kind == WARNING


def history(
    events: Iterable[Document], models: Iterable[ModelDeployment], wanted: ModelKey | None = None
) -> list[Happening]:
    """Give what happened to models, the latest last.

    Events are gone after an hour on most clusters; a move whose Event is gone is told from the status.

    Parameters
    ----------
    wanted
        The only model that is told of; None for all of them.
    """
    told = [one for event in events if (one := of_event(event)) and wanted in {None, one.model}]
    notes = [one.note for one in told if one.reason in _ENDS]
    remembered = [
        one
        for model in models
        if wanted in {None, model_key(model)}
        for one in _moves(model)
        if not any(_names(note, one.note) for note in notes)
    ]
    return sorted([*told, *remembered], key=lambda one: (one.at, one.model, one.reason))


def of_event(event: Mapping[str, Any]) -> Happening | None:
    """Read an Event; None when it is about something else than a ModelDeployment."""
    about = event.get("regarding", {})
    kind = (about.get("apiVersion", "").partition("/")[0], about.get("kind"))
    if kind != (MODEL_DEPLOYMENTS.group, MODEL_DEPLOYMENTS.kind):
        return None
    series = event.get("series") or {}
    at = (
        series.get("lastObservedTime")
        or event.get("eventTime")
        or event.get("deprecatedLastTimestamp")
        or event["metadata"].get("creationTimestamp")
    )
    return Happening(
        at=datetime.fromisoformat(at) if at else _EPOCH,
        model=ModelKey(about.get("namespace", ""), about.get("name", "")),
        reason=event.get("reason", ""),
        note=event.get("note", ""),
        kind=event.get("type", NORMAL),
    )


_ENDS = {Reason.MOVE_COMPLETED.value, Reason.MOVE_ABORTED.value}


def _moves(model: ModelDeployment) -> Iterator[Happening]:
    for past in history_of(model.status):
        is_completed = past.result is MoveResult.COMPLETED
        words = f"move {past.id} from {past.source} to {past.target} ({past.reason})"
        if past.message:
            words += f" was given up: {past.message}"
        if past.saving_per_hour is not None:
            words += f", saves {past.saving_per_hour} US dollars per hour"
        yield Happening(
            at=past.started_at + timedelta(seconds=past.seconds),
            model=model_key(model),
            reason=(Reason.MOVE_COMPLETED if is_completed else Reason.MOVE_ABORTED).value,
            note=words,
            kind=NORMAL if is_completed else WARNING,
        )


def _names(note: str, move: str) -> bool:
    """Tell whether an Event is about a move that the status remembers, too: both begin with its identity."""
    return note.split(" ")[:2] == move.split(" ")[:2]
