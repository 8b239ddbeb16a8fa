"""What is to be sent, and what came of it: values, and how they travel into a pod and back."""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

REST, GRPC = "REST", "gRPC"
POISSON, CONSTANT = "Poisson", "Constant"

Answer = int | float | str
"""What an answer names: the class with the highest score, a number, or a text."""


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch of load on one target by one protocol."""

    addresses: tuple[str, ...]
    """``host:port``; they are asked in turn."""
    protocol: str
    """`REST` or `GRPC`."""
    path: str
    """Of a REST request; of a gRPC method."""
    rate: float
    """Requests a second."""
    seconds: float
    """Length of what is measured."""
    warm_up_seconds: float
    """Before it; requests of that time are sent and not counted."""
    arrivals: str
    """`POISSON` or `CONSTANT`."""
    seed: int
    in_flight: int
    """Most requests that wait for an answer at once; what is due beyond it is dropped, and counted."""
    timeout_seconds: float
    answer: str | None = None
    """Output that names the answer; None for the only one."""


@dataclass(frozen=True, slots=True)
class Job:
    """Runs, one after the other, and the bodies of the requests that they choose from."""

    bodies: Mapping[str, Sequence[bytes]]
    """By protocol, in the same order of inputs."""
    runs: tuple[Run, ...]

    @property
    def seconds(self) -> float:
        """How long it takes at most, connections apart."""
        return sum(one.warm_up_seconds + one.seconds + one.timeout_seconds for one in self.runs)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run."""

    scheduled: int
    """Requests that were due in the measured time: answered, failed and dropped ones."""
    answered: int
    failed: Mapping[str, int]
    """By kind, such as ``Timeout`` or ``HTTP 503``."""
    dropped: int
    """Never sent, because too many were in flight."""
    seconds: float
    """From the start of the measured time to its end, or to the last answer if that came later."""
    quantiles: tuple[tuple[float, float | None], ...]
    """Share of all scheduled requests and latency in milliseconds, counted from when a request was due. None
    where so many were not answered that there is none."""
    mean_milliseconds: float | None
    """Of the answered ones; None without any."""
    late_milliseconds: float
    """99th percentile of how much later than due requests left: the client's fault, not the server's."""
    answers: tuple[tuple[int, Answer, int], ...]
    """Number of the input, what was named, and how often."""
    unread: str = ""
    """Why an answer could not be read, of one such; empty when all could."""
    failures: tuple[str, ...] = field(default=())
    """A failure of each kind in words."""

    @property
    def unanswered(self) -> int:
        """Failed and dropped requests."""
        return self.scheduled - self.answered

    @property
    def throughput(self) -> float:
        """Answers a second: work / time."""
        return self.answered / self.seconds

    def at(self, share: float) -> float | None:
        """Give a quantile that was taken; None where there is none."""
        return dict(self.quantiles)[share]


def pack(job: Job) -> bytes:
    """Write a job."""
    bodies = {
        protocol: [base64.b64encode(body).decode() for body in own] for protocol, own in job.bodies.items()
    }
    document = {"bodies": bodies, "runs": [asdict(run) for run in job.runs]}
    return gzip.compress(json.dumps(document).encode(), mtime=0)


def unpack(packed: bytes) -> Job:
    """Read what `pack` wrote."""
    document = json.loads(gzip.decompress(packed))
    return Job(
        {protocol: [base64.b64decode(body) for body in own] for protocol, own in document["bodies"].items()},
        tuple(Run(**{**run, "addresses": tuple(run["addresses"])}) for run in document["runs"]),
    )


def to_json(outcomes: Sequence[Outcome]) -> str:
    """Write outcomes in one line."""
    return json.dumps([asdict(one) for one in outcomes])


def from_json(text: str) -> tuple[Outcome, ...]:
    """Read what `to_json` wrote."""

    def outcome(given: dict[str, Any]) -> Outcome:
        tuples = {
            "quantiles": tuple((share, value) for share, value in given["quantiles"]),
            "answers": tuple((number, named, count) for number, named, count in given["answers"]),
            "failures": tuple(given["failures"]),
        }
        return Outcome(**{**given, **tuples})

    return tuple(map(outcome, json.loads(text)))
