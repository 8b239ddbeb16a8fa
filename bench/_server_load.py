"""Load from programs that others wrote: h2load for gRPC, wrk for REST."""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench._server_process import Server

PREDICT = "/tensorflow.serving.PredictionService/Predict"
_MARGIN_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did under load."""

    rate: float
    """Answers a second."""
    p50: float
    """Of the time to an answer, in milliseconds."""
    p99: float
    cpu_microseconds: float
    """Processor time of the server for one answer."""
    failed: int


def grpc(server: Server, body: Path, answer_bytes: int, clients: int, seconds: int) -> Load:
    """Call Predict from several clients, each with one call at a time.

    Parameters
    ----------
    body
        File with the body of a request.
    answer_bytes
        Of the body of an answer. gRPC's errors are answers for HTTP, but they have no body: what was received
        is compared with what must have been.

    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        before = server.cpu_seconds()
        report = _ran(
            seconds,
            *(
                "h2load",
                "-D",
                str(seconds),
                "-c",
                str(clients),
                "-m",
                "1",
                "-d",
                str(body),
                "--log-file",
                str(log),
            ),
            *("-H", "content-type: application/grpc", "-H", "te: trailers"),
            f"http://127.0.0.1:{server.port}{PREDICT}",
        )
        cpu = server.cpu_seconds() - before
        lines = [line.split("\t") for line in log.read_text().splitlines()]
    milliseconds = [int(taken) / 1e3 for _, status, taken in lines if status == "200"]
    received = int(_found(r"headers \(space savings .*?\), .*? \((\d+)\) data", report))
    # Answers that are on their way when the time is up are received in part.
    missing = max(0, len(milliseconds) - received // answer_bytes)
    p50, p99 = np.percentile(milliseconds, (50, 99))
    return Load(
        rate=len(milliseconds) / seconds,
        p50=float(p50),
        p99=float(p99),
        cpu_microseconds=cpu / len(milliseconds) * 1e6,
        failed=len(lines) - len(milliseconds) + missing,
    )


def rest(server: Server, body: str, clients: int, seconds: int) -> Load:
    """Post a prediction from several clients, each with one request at a time."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(f'wrk.method = "POST"\nwrk.body = [==[{body}]==]\n')
        before = server.cpu_seconds()
        report = _ran(
            seconds,
            *("wrk", "--latency", "-t", "1", "-c", str(clients), "-d", f"{seconds}s", "-s", str(script)),
            f"http://127.0.0.1:{server.rest_port}/v1/models/digits:predict",
        )
        cpu = server.cpu_seconds() - before
    count = int(_found(r"(\d+) requests in", report))
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", report)
    return Load(
        rate=count / seconds,
        p50=_milliseconds(_found(r"\n +50% +(\S+)", report)),
        p99=_milliseconds(_found(r"\n +99% +(\S+)", report)),
        cpu_microseconds=cpu / count * 1e6,
        failed=int(failed[1]) if failed else 0,
    )


def median(loads: Sequence[Load]) -> Load:
    """Return the median of each figure; failures are added up."""

    def middle(name: str) -> float:
        return float(np.median([getattr(load, name) for load in loads]))

    return Load(
        rate=middle("rate"),
        p50=middle("p50"),
        p99=middle("p99"),
        cpu_microseconds=middle("cpu_microseconds"),
        failed=sum(load.failed for load in loads),
    )


def _ran(seconds: int, *command: str) -> str:
    done = subprocess.run(  # noqa: S603  programs that `main` has made sure of
        command, check=True, capture_output=True, text=True, timeout=seconds + _MARGIN_SECONDS
    )
    return done.stdout


def _found(pattern: str, report: str) -> str:
    match = re.search(pattern, report)
    assert match, report
    return match[1]


def _milliseconds(text: str) -> float:
    factor = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]  # wrk's format
    return float(number) * factor[unit]
