"""Figures of the model server: ready time, memory, and Predict against an empty gRPC echo in the same run.

Usage: ``python bench/model_server.py``. Each engine runs in rounds that alternate with the echo, so that both
see the same machine; printed are medians of the rounds.
"""

import http.client
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from fogline_model_server.assembly import THREADS
from fogline_model_server.messages import PredictRequest, PredictResponse
from fogline_model_server.tensors import to_proto

ROUNDS = 3
CALLS = 1500
"""In each round, one at a time: latency is the question here, not throughput."""
ROW = np.random.default_rng(1).random((1, 64), np.float32)
ENGINES = {"litert": "tflite", "tensorflow": "saved_model"}
PREDICT = "/tensorflow.serving.PredictionService/Predict"
ECHO = "/bench.Echo/Echo"
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Latency:
    """Of one round, in milliseconds."""

    p50: float
    p99: float


def main() -> None:
    """Measure both engines and print a table."""
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, "
        f"grpcio {grpc.__version__}; {ROUNDS} rounds of {CALLS} calls of one row, one at a time; medians\n"
    )
    print(
        "engine      ready s  RSS MB  | gRPC p50 ms   p99 | echo p50 ms   p99 | p50 ratio | REST p50 ms   p99"
    )
    with tempfile.TemporaryDirectory() as folder:
        maker = [sys.executable, str(Path(__file__).with_name("_model_server_models.py")), folder]
        subprocess.run(maker, check=True, timeout=120, capture_output=True)  # noqa: S603  our own program
        for engine, base_path in ENGINES.items():
            print(line(engine, Path(folder) / base_path), flush=True)


def line(engine: str, base_path: Path) -> str:
    """Measure one engine and return its line of the table."""
    rest_port = free_port()
    flags = [f"--rest_api_port={rest_port}", "--model_name=digits", f"--model_base_path={base_path}"]
    began = time.perf_counter()
    with (
        server(["-m", "fogline_model_server", *flags]) as (process, predict_channel),
        closing(http.client.HTTPConnection("127.0.0.1", rest_port, timeout=START_SECONDS)) as connection,
    ):
        grpc_predict, rest_predict = grpc_predict_call(predict_channel), rest_predict_call(connection)
        grpc_predict()
        ready_seconds = time.perf_counter() - began
        with server([__file__, "--echo"]) as (_, echo_channel):
            calls = (grpc_predict, echo_call(echo_channel), rest_predict)
            rounds = [[measured(call) for call in calls] for _ in range(ROUNDS)]
        rss_megabytes = resident_megabytes(process.pid)
    own, echo, rest = (median(latencies) for latencies in zip(*rounds, strict=True))
    return (
        f"{engine:<10}{ready_seconds:>9.2f}{rss_megabytes:>8.1f}  |{own.p50:>12.3f}{own.p99:>6.2f} "
        f"|{echo.p50:>12.3f}{echo.p99:>6.2f} |{own.p50 / echo.p50:>10.2f} |{rest.p50:>12.3f}{rest.p99:>6.2f}"
    )


def median(latencies: Sequence[Latency]) -> Latency:
    """Return the median over rounds."""
    p50s, p99s = zip(*((latency.p50, latency.p99) for latency in latencies), strict=True)
    return Latency(statistics.median(p50s), statistics.median(p99s))


def measured(call: Callable[[], object]) -> Latency:
    """Call again and again, after a few calls that do not count."""
    for _ in range(CALLS // 10):
        call()
    milliseconds = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call()
        milliseconds.append((time.perf_counter() - began) * 1e3)
    return Latency(*(float(value) for value in np.percentile(milliseconds, (50, 99))))


def grpc_predict_call(channel: grpc.Channel) -> Callable[[], object]:
    """Return a call of Predict with one row."""
    request = PredictRequest()
    request.model_spec.name = "digits"
    request.inputs["pixels"].CopyFrom(to_proto(ROW))
    method: Any = channel.unary_unary(
        PREDICT,
        request_serializer=PredictRequest.SerializeToString,
        response_deserializer=PredictResponse.FromString,
    )
    return lambda: method(request, timeout=START_SECONDS)


def rest_predict_call(connection: http.client.HTTPConnection) -> Callable[[], object]:
    """Return a REST call with the same row."""
    body = json.dumps({"instances": ROW.tolist()})

    def call() -> None:
        connection.request("POST", "/v1/models/digits:predict", body)
        response = connection.getresponse()
        response.read()
        assert response.status == http.HTTPStatus.OK

    return call


def echo_call(channel: grpc.Channel) -> Callable[[], object]:
    """Return a call of the echo with an empty message."""
    method: Any = channel.unary_unary(ECHO)
    return lambda: method(b"", timeout=START_SECONDS)


@contextmanager
def server(arguments: list[Any]) -> Iterator[tuple[subprocess.Popen[bytes], grpc.Channel]]:
    """Start a Python program that listens on ``--port``, wait until it does, and end it afterwards."""
    port = free_port()
    command = [sys.executable, *arguments, f"--port={port}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603  our own programs
    try:
        wait_until_open(process, port)
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield process, channel
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    """Look every 5 ms, which is how exact the ready time is.

    Raises
    ------
    TimeoutError
        Nobody listens in time.
    """
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "the server ended"
        time.sleep(0.005)
    raise TimeoutError("the server does not listen")


def resident_megabytes(process_id: int) -> float:
    """Return the resident set of a process."""
    status = Path(f"/proc/{process_id}/status").read_text()
    kibibytes = int(status.partition("VmRSS:")[2].split()[0])
    return kibibytes * 1024 / 1e6


def serve_echo(port: int) -> None:
    """Answer each message with itself, with as many threads as the model server has."""
    handler: Any = grpc.unary_unary_rpc_method_handler(lambda request, _: request)
    service, method = ECHO.strip("/").split("/")
    server = grpc.server(ThreadPoolExecutor(THREADS))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--echo"]:
        serve_echo(int(sys.argv[2].partition("=")[2]))
    else:
        main()
