"""Reading what `fogline bench -o json` wrote."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import msgspec

from fogline.cli.benching.result import SCHEMA
from fogline.errors import BadInputError


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    """Any part of the file; fields that are not known are left alone."""


class From(_Part, frozen=True):
    """Where requests came from."""

    place: str
    through_tunnel: bool


class Replica(_Part, frozen=True):
    """One of those that were asked."""

    pod: str
    variant: str


class To(_Part, frozen=True):
    """What requests were sent to."""

    by: str
    name: str
    tiers: tuple[str, ...]
    replicas: tuple[Replica, ...]
    cost_per_hour: Decimal


class Quantile(_Part, frozen=True):
    """A share of all requests, and the latency that it did not exceed."""

    share: float
    milliseconds: float | None


class Run(_Part, frozen=True):
    """One stretch of load."""

    from_: From = msgspec.field(name="from")
    to: To
    protocol: str
    scheduled: int
    answered: int
    failed: Mapping[str, int]
    dropped: int
    throughput_per_second: float
    quantiles: tuple[Quantile, ...]
    accuracy: float | None = None
    cost_per_1000_requests: Decimal | None = msgspec.field(name="costPer1000Requests", default=None)

    def at(self, share: float) -> float | None:
        """Give a quantile; None where there is none."""
        return next((one.milliseconds for one in self.quantiles if one.share == share), None)

    @property
    def target(self) -> str:
        """What was measured: the tier where it is one, else what it is and its name."""
        return self.to.name if self.to.by == "tier" else f"{self.to.by} {self.to.name}"

    @property
    def unanswered(self) -> int:
        """Failed and dropped requests."""
        return self.scheduled - self.answered


class Agreement(_Part, frozen=True):
    """How often two runs answered the same input alike."""

    between: tuple[str, str]
    inputs: int
    agree: int


class Bench(_Part, frozen=True):
    """One file."""

    schema: str
    model: str
    started_at: str
    runs: tuple[Run, ...]
    agreement: tuple[Agreement, ...] = ()


def read_bench(path: Path, model: str) -> Bench:
    """Read a file.

    Parameters
    ----------
    model
        Namespace and name of the one that it must be about.

    Raises
    ------
    BadInputError
        It is no such file, or about another model.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Bench)
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise BadInputError(f"{path} is nothing that fogline bench -o json wrote: {error}") from error
    if found.schema != SCHEMA:
        raise BadInputError(f"{path} has the schema {found.schema!r}, and this program reads {SCHEMA}")
    if found.model != model:
        raise BadInputError(f"{path} is about {found.model}, not about {model}")
    return found
