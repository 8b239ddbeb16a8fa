"""For how long no operator has renewed its Lease: no I/O, no clock."""

from dataclasses import dataclass

from fogline.cluster.lease import Watched, watch
from fogline.cluster.objects import LeaseSpec


@dataclass(frozen=True, slots=True)
class Absence:
    """What the looks at the Lease have shown."""

    watched: Watched
    looked_at: float
    """Monotonic seconds of the last look that was answered."""

    @property
    def seconds(self) -> float:
        """For how long nothing has changed in the Lease, as far as the last look tells."""
        return self.looked_at - self.watched.unchanged_since


def look(before: Absence | None, spec: LeaseSpec, now: float, longest_gap_seconds: float) -> Absence:
    """Take in what one look showed; of a Lease that does not exist, an empty one.

    After a gap between two looks counting starts anew: whatever kept us from looking may have kept the
    operator from renewing.
    """
    if before is None or now - before.looked_at > longest_gap_seconds:
        return Absence(Watched(spec, now), now)
    return Absence(watch(before.watched, spec, now), now)
