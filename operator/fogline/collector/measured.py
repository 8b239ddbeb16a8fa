"""From measurements of round trips to the latency that decisions see. It changes seldom, and falls slowly."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

ROUNDS = 3
"""So many measurements in a row must bear a change out."""
LEAST_CHANGE_SHARE = 0.2
LEAST_CHANGE_MILLISECONDS = 2.0
"""A change must be above both to count: of the share, of what is written."""
MOST_FACTOR_AN_HOUR = 2
"""It falls to no less than this part of what it was an hour before: whoever answers faster and faster, to
attract work, gets it slowly, and people see it come."""
HOUR_SECONDS = 3600.0
LEAST_MILLISECONDS, MOST_MILLISECONDS = 1, 600_000
"""What a NodeProfile can say, but for 0: no way takes no time."""


@dataclass(frozen=True, slots=True)
class Way:
    """What is known of the way from a client site to a site."""

    written: int | None = None
    """Milliseconds that decisions see; None while they see nothing of it."""
    history: tuple[tuple[float, int], ...] = ()
    """What was written when, of the last hour and the last before it; oldest first. Times never go back."""
    pending: tuple[float, ...] = ()
    """The last measurements in a row that ask for a change in one direction."""


def resumed(written: int, now: float) -> Way:
    """Go on from what another process wrote. Since when is not known, so it does not fall within an hour."""
    return Way(written, ((now - HOUR_SECONDS, MOST_FACTOR_AN_HOUR * written), (now, written)))


def site_round_trip(round_trips: Iterable[float | None]) -> float | None:
    """Give the round trip to a site from those to its pods; None when none of them was reached.

    It is the median, so that of the pods of a site no smaller half can tell another tale.
    """
    reached = [trip for trip in round_trips if trip is not None]
    return median(reached) if reached else None


def measured(way: Way, milliseconds: float | None, now: float) -> Way:
    """Take in a measurement.

    `Way.written` of the answer is another one when the change is above both thresholds for `ROUNDS`
    measurements in a row, in one direction; then it is their median, within the bound of the hour.

    Parameters
    ----------
    milliseconds
        None when nothing was reached, which is no measurement: it changes nothing, and begins the row anew.
    """
    if milliseconds is None:
        return replace(way, pending=())
    pending = _row(way, min(max(milliseconds, LEAST_MILLISECONDS), MOST_MILLISECONDS))
    if len(pending) < ROUNDS:
        return replace(way, pending=pending)
    middle = round(median(pending))
    if way.written is None:
        return Way(middle, ((now, middle),))
    history = _of_hour(way.history, now)
    lowest = math.ceil(history[0][1] / MOST_FACTOR_AN_HOUR)
    wanted = middle if middle > way.written else min(max(middle, lowest), way.written)
    if wanted == way.written:
        return replace(way, pending=())
    return Way(wanted, (*history, (now, wanted)))


def _row(way: Way, value: float) -> tuple[float, ...]:
    """Give the measurements in a row that ask for the same change as this one, if it asks for any."""
    if way.written is None:
        return (*way.pending, value)
    written, change = way.written, value - way.written
    if abs(change) <= max(LEAST_CHANGE_SHARE * written, LEAST_CHANGE_MILLISECONDS):
        return ()
    return (*(one for one in way.pending if (one > written) == (change > 0)), value)


def _of_hour(history: tuple[tuple[float, int], ...], now: float) -> tuple[tuple[float, int], ...]:
    """Drop what plays no part any more; the first that is left was written an hour ago, or is the oldest."""
    begin = max((n for n, (at, _) in enumerate(history) if now - at >= HOUR_SECONDS), default=0)
    return history[begin:]
