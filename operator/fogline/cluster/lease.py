"""Who holds a Lease, and what a process that wants it does about that: no I/O, no clock.

The rules are those of Kubernetes' own components (kubernetes/client-go, tools/leaderelection). Wall clocks
are never compared: whether a holder is alive shows by whether the Lease changes, on the clock of the one who
looks.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

from fogline.cluster.objects import LeaseSpec


@dataclass(frozen=True, slots=True)
class Times:
    """How long things take around a Lease, in the proportions of Kubernetes' own components."""

    duration_seconds: int
    """A holder that gave no sign of life for so long loses the Lease."""

    @property
    def deadline_seconds(self) -> float:
        """A holder that could not renew for so long stops by itself, well before another one starts."""
        return self.duration_seconds * 2 / 3

    @property
    def retry_seconds(self) -> float:
        """Between two renewals, and between two looks at a Lease that somebody else holds."""
        return self.duration_seconds * 2 / 15

    @property
    def answer_seconds(self) -> float:
        """Until a request of the holder is given up, so that there is time for another one."""
        return max(4.0, self.duration_seconds * 4 / 15)


@dataclass(frozen=True, slots=True)
class Identity:
    """One process that wants the Lease."""

    process: str
    """No two processes have the same."""
    pod: str = ""
    """UID of its pod, which runs one process at a time; empty when unknown."""

    def __str__(self) -> str:
        return f"{self.pod}_{self.process}" if self.pod else self.process

    def was(self, holder: str) -> bool:
        """Tell whether a holder is a process that ran in our pod before us, and so is dead."""
        return bool(self.pod) and holder.startswith(f"{self.pod}_")


def new_identity(name: str, pod: str = "") -> Identity:
    """Make the identity of this process; `name` is for people."""
    return Identity(f"{name}_{secrets.token_hex(4)}", pod)


@dataclass(frozen=True, slots=True)
class Watched:
    """A Lease as it was last read; without one, as if nobody held it."""

    spec: LeaseSpec
    unchanged_since: float
    """Local monotonic seconds: when it was first read like this."""


def watch(before: Watched | None, spec: LeaseSpec, now: float) -> Watched:
    """Take in what was read now."""
    if before is not None and _signs_of_life(before.spec) == _signs_of_life(spec):
        return before
    return Watched(spec, now)


class Claim(Enum):
    """What a process may do about a Lease."""

    KEEP = auto()
    """It is ours."""
    TAKE = auto()
    """Nobody holds it, its holder gave no sign of life for too long, or died before us in our own pod."""
    WAIT = auto()
    """Somebody else holds it."""


def claim(watched: Watched, identity: Identity, now: float, times: Times) -> Claim:
    """Judge a Lease by how long nothing has changed in it; what its holder promised counts before `times`."""
    holder = watched.spec.holder_identity
    if holder == str(identity):
        return Claim.KEEP
    if not holder or identity.was(holder):
        return Claim.TAKE
    patience = watched.spec.lease_duration_seconds or times.duration_seconds
    return Claim.TAKE if now - watched.unchanged_since > patience else Claim.WAIT


def held_by(identity: Identity, before: LeaseSpec, now: datetime, times: Times) -> dict[str, Any]:
    """Write the spec of a Lease that we keep or take; `now` is the wall clock, for people to read."""
    mine = before.holder_identity == str(identity)
    transitions = before.lease_transitions or 0
    return {
        "holderIdentity": str(identity),
        "leaseDurationSeconds": times.duration_seconds,
        "acquireTime": _text(before.acquire_time if mine and before.acquire_time else now),
        "renewTime": _text(now),
        "leaseTransitions": transitions if mine or before.acquire_time is None else transitions + 1,
    }


def held_by_nobody(now: datetime) -> dict[str, Any]:
    """Write what changes when a holder gives its Lease up: the next one need not wait."""
    return {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _text(now)}


def _signs_of_life(spec: LeaseSpec) -> tuple[object, ...]:
    return spec.holder_identity, spec.renew_time, spec.lease_transitions


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
