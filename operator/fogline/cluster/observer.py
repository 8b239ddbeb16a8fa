"""Who is told how requests fare."""

from dataclasses import dataclass
from typing import Protocol

from fogline.cluster.limiter import Lane

WATCH = "WATCH"


@dataclass(frozen=True, slots=True)
class Request:
    """A request, but for the names of objects."""

    verb: str
    """The HTTP method, or `WATCH`."""
    resource: str
    """Plural of a kind of `fogline.cluster.kinds`, or ``other``."""

    @property
    def is_watch(self) -> bool:
        """Whether its answer goes on for minutes."""
        return self.verb == WATCH


class Observer(Protocol):
    """Is told of every request."""

    def waited(self, lane: Lane, seconds: float) -> None:
        """Take note of how long a request waited for our own rates."""
        ...

    def answered(self, request: Request, status: int, seconds: float) -> None:
        """Take note of what came of one try, and after how long; status 0 is no answer, or half of one."""
        ...


class Nobody:
    """Is interested in nothing."""

    def waited(self, lane: Lane, seconds: float) -> None:
        """Do nothing."""

    def answered(self, request: Request, status: int, seconds: float) -> None:
        """Do nothing."""
