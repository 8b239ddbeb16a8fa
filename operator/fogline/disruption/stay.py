"""The annotation by which a user keeps replicas where they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fogline.names import DO_NOT_MOVE_ANNOTATION
from fogline.snapshot import Replica

FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stay:
    """What the annotation says."""

    until: datetime
    is_readable: bool = True
    """What cannot be read keeps the replica where it is until somebody corrects it."""

    def holds(self, now: datetime) -> bool:
        """Tell whether it still does."""
        return now < self.until


def stay_of(annotations: Mapping[str, str]) -> Stay | None:
    """Read it; None where it is absent or says ``false``."""
    text = annotations.get(DO_NOT_MOVE_ANNOTATION)
    if text is None or text == "false":
        return None
    if text == "true":
        return Stay(FOREVER)
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        return Stay(FOREVER, is_readable=False)
    return Stay(until) if until.tzinfo else Stay(FOREVER, is_readable=False)


def longest_stay(model: Mapping[str, str], replica: Replica, now: datetime) -> Stay | None:
    """Give what keeps a replica where it is now: its own annotation or that of its model."""
    found = [stay for notes in (model, replica.annotations) if (stay := stay_of(notes)) and stay.holds(now)]
    return max(found, key=lambda one: one.until, default=None)


def unreadable(model: Mapping[str, str], replicas: Sequence[Replica]) -> Iterator[str]:
    """Say which annotations cannot be read, and what is taken instead."""
    named = [("the ModelDeployment", model), *((f"pod {one.name}", one.annotations) for one in replicas)]
    for name, notes in named:
        if (stay := stay_of(notes)) and not stay.is_readable:
            value = notes[DO_NOT_MOVE_ANNOTATION][:40]
            yield (
                f"annotation {DO_NOT_MOVE_ANNOTATION} of {name} is {value!r}, neither true nor a time "
                "such as 2030-01-31T00:00:00Z: taken for true"
            )
