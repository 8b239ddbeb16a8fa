"""Figures of the model server beside an empty gRPC echo and TensorFlow behind grpcio, in one run.

Usage: ``make bench-server``. The servers take turns in rounds, so that all see the same machine; printed are
medians of the rounds. Ratios of one run hold better than absolute figures: other work on the machine, and the
load programs themselves, take their share of the cores.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from dev import host

from bench import _server_load as load
from bench._server_load import Load
from bench._server_process import Server, ours, peer
from bench._server_swap import Swap, swap
from fogline_model_server.fronts.http2.message import framed
from fogline_model_server.messages import PredictRequest
from fogline_model_server.tensors import to_proto

ROUNDS = 3
SECONDS = 4
"""Of each load in a round."""
LONG_SECONDS = 60
CLIENTS = (1, 8, 32)
FRONTS = ("http2", "grpcio")
ROW = np.random.default_rng(1).random((1, 64), np.float32)
REST_BODY = json.dumps({"instances": ROW.tolist()})


@dataclass(frozen=True, slots=True)
class Start:
    """How a server begins."""

    ready_seconds: float
    """From the start of the process to the first prediction."""
    cpu_seconds: float
    """Of them, what the process used of a processor: what a busy machine does not change much."""
    megabytes: float
    """Resident, after some thousand predictions."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be."""

    text: str
    reached: float
    good: bool


def main() -> None:
    """Measure everything, and print tables and goals."""
    host.require({"h2load": "nghttp2-client", "wrk": "wrk"})
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, "
        f"grpcio {grpc.__version__}, ngh2 {version('ngh2')}; a model of 6,570 parameters, one row a request; "
        f"{ROUNDS} rounds of {SECONDS} s, medians\n"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        body = folder / "body"
        body.write_bytes(framed(message()))
        make_models(folder)
        starts = {front: start(folder / "tflite", front, body) for front in FRONTS}
        by_grpc, by_rest, long = under_load(folder, body)
        swaps = {front: swap(folder, folder, front) for front in FRONTS}
    print_tables(by_grpc, by_rest, starts)
    print_goals(goals(by_grpc, by_rest, long, starts, swaps))


def message() -> bytes:
    """Return a PredictRequest with one row."""
    request = PredictRequest()
    request.model_spec.name = "digits"
    request.inputs["pixels"].CopyFrom(to_proto(ROW))
    serialized: bytes = request.SerializeToString()
    return serialized


def make_models(folder: Path) -> None:
    """Make the models of `_server_models` in a folder."""
    maker = [sys.executable, str(Path(__file__).with_name("_server_models.py")), str(folder)]
    subprocess.run(maker, check=True, timeout=240, capture_output=True)  # noqa: S603  our own program


def start(base_path: Path, front: str, body: Path) -> Start:
    """Start a server some times."""
    ready, cpu, megabytes = [], [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with ours(base_path, front) as server:
            answer_bytes(server, body)
            ready.append(time.perf_counter() - began)
            cpu.append(server.cpu_seconds())
            load.grpc(server, body, 1, clients=8, seconds=1)
            megabytes.append(server.resident_megabytes())
    return Start(*(float(np.median(found)) for found in (ready, cpu, megabytes)))


def answer_bytes(server: Server, body: Path) -> int:
    """Call once, and return how long the body of the answer is."""
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        call: Any = channel.unary_unary(load.PREDICT)
        return len(framed(call(body.read_bytes()[5:], timeout=60)))


Loads = Mapping[tuple[str, int], Load]
"""By server and number of clients."""


def under_load(folder: Path, body: Path) -> tuple[Loads, Loads, Load]:
    """Load all servers in turn: by gRPC, by REST, and the fast front by many clients for long."""
    with ExitStack() as running:
        servers = {front: running.enter_context(ours(folder / "tflite", front)) for front in FRONTS}
        saved_model = folder / "saved_model" / "1"
        servers |= {kind: running.enter_context(peer(kind, saved_model)) for kind in ("echo", "saved_model")}
        sizes = {name: answer_bytes(server, body) for name, server in servers.items()}

        def grpc_load(name: str, clients: int) -> Load:
            return load.grpc(servers[name], body, sizes[name], clients, SECONDS)

        def rest_load(name: str, clients: int) -> Load:
            return load.rest(servers[name], REST_BODY, clients, SECONDS)

        by_grpc = _rounds(grpc_load, [(name, clients) for clients in CLIENTS for name in servers])
        by_rest = _rounds(rest_load, [("http2", clients) for clients in CLIENTS])
        long = load.grpc(servers["http2"], body, sizes["http2"], 64, LONG_SECONDS)
    return by_grpc, by_rest, long


def _rounds(measure: Callable[[str, int], Load], cases: list[tuple[str, int]]) -> Loads:
    found: dict[tuple[str, int], list[Load]] = {case: [] for case in cases}
    for _ in range(ROUNDS):
        for name, clients in cases:
            found[name, clients].append(measure(name, clients))
    return {case: load.median(loads) for case, loads in found.items()}


NAMES = {
    "http2": "model server, --front=http2",
    "grpcio": "model server, --front=grpcio",
    "echo": "empty grpcio echo",
    "saved_model": "tf.saved_model behind grpcio",
}


def print_tables(by_grpc: Loads, by_rest: Loads, starts: Mapping[str, Start]) -> None:
    """Print what was measured."""
    for title, loads in (("gRPC Predict", by_grpc), ("REST predict", by_rest)):
        print(f"{title:<30}{'clients':>8}{'rate/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>9}{'failed':>8}")
        for (name, clients), one in loads.items():
            print(
                f"{NAMES[name]:<30}{clients:>8}{one.rate:>9,.0f}{one.p50:>9.3f}{one.p99:>9.2f}"
                f"{one.cpu_microseconds:>9.0f}{one.failed:>8}"
            )
        print()
    for name, begun in starts.items():
        print(
            f"{NAMES[name]:<30} ready in {begun.ready_seconds:.2f} s "
            f"({begun.cpu_seconds:.2f} s of processor time), {begun.megabytes:.0f} MB"
        )
    print()


def goals(
    by_grpc: Loads, by_rest: Loads, long: Load, starts: Mapping[str, Start], swaps: Mapping[str, Swap]
) -> list[Goal]:
    """Compare with what was set out for."""
    fast, own, echo = (by_grpc[name, 8] for name in ("http2", "grpcio", "echo"))
    alone = by_grpc["http2", 1]
    found = [
        _at_least("http2, 8 clients: rate over the echo's", fast.rate / echo.rate, 2),
        _at_least("http2, 8 clients: rate over our grpcio front's", fast.rate / own.rate, 3.5),
        _at_most("http2, 1 client: p50 in ms", alone.p50, 0.15),
        _at_least("grpcio, 8 clients: rate over the echo's", own.rate / echo.rate, 0.55),
        _at_least("REST, 8 clients: requests/s", by_rest["http2", 8].rate, 6000),
        _at_most(f"64 clients, {LONG_SECONDS} s: failed calls", long.failed, 0),
        _at_most(f"64 clients, {LONG_SECONDS} s: p99 over p50", long.p99 / long.p50, 5),
    ]
    for name, begun in starts.items():
        found.append(_at_most(f"{name}: memory in MB", begun.megabytes, 70))
        found.append(_at_most(f"{name}: ready in s", begun.ready_seconds, 0.6))
    for name, seen in swaps.items():
        text = f"{name}: failed of {seen.answered} calls while 20 MB are replaced ({seen.seconds:.1f} s)"
        found.append(_at_most(text, seen.failed, 0))
    return found


def _at_least(text: str, reached: float, wanted: float) -> Goal:
    return Goal(f"{text} (at least {wanted:,g})", reached, reached >= wanted)


def _at_most(text: str, reached: float, wanted: float) -> Goal:
    return Goal(f"{text} (at most {wanted:,g})", reached, reached <= wanted)


def print_goals(found: list[Goal]) -> None:
    """Print what was reached."""
    for goal in found:
        print(f"{'reached' if goal.good else 'MISSED':<8}{goal.reached:>10,.2f}  {goal.text}")


if __name__ == "__main__":
    main()
