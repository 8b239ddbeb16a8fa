"""Faults that a `FaultProxy` can make, and when."""

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(slots=True)
class Request:
    """One request that the proxy received."""

    number: int
    """Counted from 1 in the order of arrival."""
    method: str
    path: str
    """With the query."""
    body: bytes
    at_seconds: float
    """When it arrived, in monotonic seconds."""
    agent: str = ""
    """The program that sent it, as it calls itself."""
    status: int | None = None
    """HTTP status of the answer that was passed on; None while there is none."""
    refusal: str = ""
    """What the API server said when the status is 403."""

    @property
    def writes(self) -> bool:
        """Tell whether it asks for a change of anything but a Lease, which changes all the time."""
        return self.method in WRITES and not self.is_of_a_lease

    @property
    def is_of_a_lease(self) -> bool:
        """Tell whether it reads or writes Leases."""
        return "/leases" in self.path

    @property
    def watches(self) -> bool:
        """Tell whether its answer is a stream of events."""
        return bool(re.search(r"[?&]watch=(true|1)\b", self.path))


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with an error of the API server, which never sees the request."""

    status: int
    reason: str = ""
    retry_after_seconds: int | None = None
    causes: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait before passing the request on."""

    seconds: float


class Moment(Enum):
    """When a connection is dropped."""

    BEFORE = auto()
    """The API server never sees the request."""
    AFTER = auto()
    """The API server has answered; the answer is lost."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Drop the connection instead of answering."""

    moment: Moment = Moment.BEFORE
    meanwhile: Callable[[], None] | None = None
    """Called at that moment, for instance to kill the sender."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """Answer nothing any more, as if the sender had died at the first of these requests.

    What comes after the first one never reaches the API server; the first one does with `Moment.AFTER`.
    """

    moment: Moment
    meanwhile: Callable[[], None]
    """Called at that moment."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Pass requests on only once somebody lets them go on."""

    goes_on: asyncio.Event


@dataclass(frozen=True, slots=True)
class Stale:
    """Pass the first answer on and give the same to all later requests: an API server that lags behind."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Drop the connection of a watch after so many events."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class Hold:
    """Let a watch go silent after so many events: the connection stays open, nothing comes any more."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace each line of a watch by those that `lines_for` returns: none, several, others."""

    lines_for: Callable[[bytes], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Chatter:
    """Put a bookmark into a watch whenever it was silent for so long: API servers do after a minute."""

    every_seconds: float


@dataclass(frozen=True, slots=True)
class Shorten:
    """Pass a list on with only the first objects of it."""

    to: int = 0


Action = Refuse | Delay | Drop | Freeze | Pause | Stale | Cut | Hold | Edit | Chatter | Shorten


@dataclass(frozen=True, slots=True)
class Fault:
    """An action and the requests that it hits."""

    action: Action
    method: str = ""
    """Empty: any."""
    path: str = ""
    """Regular expression that is searched for in the path with its query."""
    skip: int = 0
    """So many matching requests pass unharmed before the first that is hit."""
    times: int | None = 1
    """So many are hit; None: all."""

    def matches(self, request: Request) -> bool:
        """Tell whether the request is of the kind that this fault hits."""
        return self.method in {"", request.method} and re.search(self.path, request.path) is not None
