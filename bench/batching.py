"""What batching gains: a model of 9.5 million parameters with and without it, in rounds that alternate.

Usage: ``python -m bench batching``. It needs h2load (Debian package nghttp2-client).
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from bench import _server_load
from bench._server_process import START_SECONDS, Server, ours
from fogline_model_server.messages import PredictRequest
from fogline_model_server.tensors import to_proto

ROUNDS = 3
SECONDS = 4
CLIENTS = (1, 8, 32)
_PREFIX_BYTES = 5
"""Before each message of gRPC."""
PARAMETERS = (
    "max_batch_size { value: 32 } batch_timeout_micros { value: 0 } num_batch_threads { value: 1 } "
    "max_enqueued_batches { value: 100 }"
)


def main() -> None:
    """Print rates and times to an answer."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {ROUNDS} rounds of {SECONDS} s")
    print(f"batching: {PARAMETERS}\n")
    print("clients | alone: rows/s  p50 ms  p99 ms | batched: rows/s  p50 ms  p99 ms | gain")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        maker = str(Path(__file__).with_name("_batching_model.py"))
        subprocess.run([sys.executable, maker, str(folder / "model")], check=True, stderr=subprocess.DEVNULL)  # noqa: S603  our own program
        parameters = folder / "batching.txt"
        parameters.write_text(PARAMETERS)
        body, message = _request(folder)
        flags = ("--enable_batching", f"--batching_parameters_file={parameters}")
        with ours(folder / "model", "http2") as alone, ours(folder / "model", "http2", *flags) as batched:
            answer_bytes = _answer_bytes(alone, message)
            for clients in CLIENTS:
                loads = [
                    [
                        _server_load.grpc(server, body, answer_bytes, clients, SECONDS)
                        for server in (alone, batched)
                    ]
                    for _ in range(ROUNDS)
                ]
                _print(clients, *zip(*loads, strict=True))


def _request(folder: Path) -> tuple[Path, bytes]:
    """Return a file with the body of a request, and the message in it."""
    request = PredictRequest()
    request.model_spec.name = "digits"
    request.inputs["pixels"].CopyFrom(to_proto(np.random.default_rng(1).random((1, 64), np.float32)))
    message: bytes = request.SerializeToString()
    body = folder / "request.bin"
    body.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
    return body, message


def _answer_bytes(server: Server, message: bytes) -> int:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        predict: Any = channel.unary_unary(_server_load.PREDICT)
        return _PREFIX_BYTES + len(predict(message, timeout=START_SECONDS))


def _print(
    clients: int, alone: tuple[_server_load.Load, ...], batched: tuple[_server_load.Load, ...]
) -> None:
    assert not any(load.failed for load in (*alone, *batched)), "a request failed"
    rates, p50s, p99s = (
        [statistics.median(getattr(load, field) for load in loads) for loads in (alone, batched)]
        for field in ("rate", "p50", "p99")
    )
    print(
        f"{clients:7} |{rates[0]:14.0f}{p50s[0]:8.2f}{p99s[0]:8.2f} |"
        f"{rates[1]:16.0f}{p50s[1]:8.2f}{p99s[1]:8.2f} |{rates[1] / rates[0]:5.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
