"""Promises about moves: how many at once, how soon again, and that each is counted once."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from tests.support.changes import Change, ObjectKey
from tests.support.judging.seen import Limits, Seen, is_alive, is_marked, model_of, moment, notes_of

from fogline.cluster.documents import Document
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, PODS
from fogline.names import MOVE_PREFIX, MOVED_PREFIX, REPLACES_ANNOTATION

_COOLDOWN_SECONDS = 600
"""Default of ``rebalancing.cooldownSeconds``."""
_DATA_RULES = {"ClearanceTooLow", "RegionNotAllowed"}
"""Reasons of moves that wait for no budget."""
_WRITES = 3
"""A pass that does not know yet that the status tells of a move may write the status once more."""


def beginning(change: Change, seen: Seen, limits: Limits) -> Iterator[str]:
    """Judge the beginning of a move.

    Parameters
    ----------
    seen
        The cluster after it.
    """
    before, after = change.before, change.after
    if change.kind is not PODS or after is None or not is_alive(after) or not is_marked(after):
        return
    notes = notes_of(after)
    move = notes[f"{MOVE_PREFIX}id"]
    if before is not None and notes_of(before).get(f"{MOVE_PREFIX}id") == move:
        return
    name, model = after["metadata"]["name"], model_of(after)
    spec = seen.models.get(model, {}).get("spec", {})
    if notes.get(f"{MOVE_PREFIX}reason") not in _DATA_RULES:
        at_once = Counter(seen.victims.values())
        if at_once.total() > limits.moves_at_once:
            yield f"{at_once.total()} moves ran at once when {move} of {name} began"
        has_own = "budgets" in spec.get("disruption", {})
        if at_once[model] > limits.moves_at_once_of_a_model and not has_own:
            yield f"{at_once[model]} moves of {model[1]} ran at once when {move} of {name} began"
    is_forced = f"{MOVE_PREFIX}saving-per-hour" not in notes
    last = notes.get(f"{MOVED_PREFIX}started-at")
    if is_forced or last is None:
        return
    began = moment(notes[f"{MOVE_PREFIX}started-at"])
    quiet = timedelta(seconds=spec.get("rebalancing", {}).get("cooldownSeconds", _COOLDOWN_SECONDS))
    if began - moment(last) < quiet:
        yield f"{name} moved at {last} and began to move again at {began}, within {quiet}"


class Counting:
    """Holds the counts in the status of each model against the moves that the status tells of."""

    def __init__(self) -> None:
        self._ended: dict[tuple[str, str], set[str]] = {}
        """Moves by uid of the model and result."""
        self._writes: Counter[tuple[str, str]] = Counter()
        """Writes of the status since it tells of a move, by uid of the model and move."""

    def judge(self, change: Change, seen: Seen) -> Iterator[str]:
        """Judge a change of a status.

        Parameters
        ----------
        seen
            The cluster after it.
        """
        if change.kind is not MODEL_DEPLOYMENTS or change.after is None:
            return
        status = change.after.get("status", {})
        if change.before is not None and change.before.get("status", {}) == status:
            return
        moves = status.get("moves", {})
        uid, name = change.after["metadata"]["uid"], change.key[1]
        for result, field in (("Completed", "completed"), ("Aborted", "aborted")):
            known = self._ended.setdefault((uid, result), set())
            known |= {one["id"] for one in moves.get("history", ()) if one["result"] == result}
            told = moves.get(field) or 0
            if told != len(known):
                yield f"{name} counts {told} moves as {field}, and its history told of {len(known)}"
        twice = self._ended[uid, "Completed"] & self._ended[uid, "Aborted"]
        if twice:
            yield f"{name} tells of moves that were both completed and aborted: {sorted(twice)}"
        yield from self._marks_left(uid, change.key, moves, seen)

    def _marks_left(self, uid: str, model: ObjectKey, moves: Document, seen: Seen) -> Iterator[str]:
        told = {one["id"] for one in moves.get("history", ())}
        for pod in seen.pods_of(model):
            for move in marks_of(pod) & told:
                self._writes[uid, move] += 1
                if self._writes[uid, move] == _WRITES + 1:
                    name = pod["metadata"]["name"]
                    yield f"{name} carries the marks of move {move}, which ended {_WRITES} statuses ago"


def marks_of(pod: Document) -> set[str]:
    """Give the ids of the moves that a living pod is still marked with."""
    if not is_alive(pod):
        return set()
    notes = notes_of(pod)
    found = {notes.get(f"{MOVE_PREFIX}id")} if is_marked(pod) else set()
    if REPLACES_ANNOTATION in notes:
        found.add(notes.get(f"{MOVED_PREFIX}id"))
    return {move for move in found if move}
