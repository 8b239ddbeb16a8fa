"""Start the model server as a process and talk to it through its sockets."""

import asyncio
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from dev.ports import free_port
from tests.support.wait import wait_for

from fogline_model_server import messages
from fogline_model_server.tensors import to_array, to_proto

START_SECONDS = 120.0
END_SECONDS = 60.0
ANSWER_SECONDS = 120.0
"""For one request: some compute for seconds, and a busy machine takes many times as long."""


def is_open(port: int) -> bool:
    """Tell whether somebody listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server that serves its model as ``tiny``."""

    process: subprocess.Popen[bytes]
    grpc_port: int
    rest_port: int
    log: Path

    def call(self, method: str, request: Any, *, timeout: float = ANSWER_SECONDS) -> Any:
        """Call a method such as ``PredictionService/Predict``.

        Raises
        ------
        grpc.RpcError
            The status is not OK.
        """
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}") as channel:
            return unary(channel, method)(request, timeout=timeout)

    def predict(self, inputs: Mapping[str, Any], **spec: Any) -> dict[str, np.ndarray[Any, Any]]:
        """Predict through gRPC and return the outputs as arrays."""
        response = self.call("PredictionService/Predict", predict_request(inputs, **spec))
        return {alias: to_array(proto, alias) for alias, proto in response.outputs.items()}

    def rest(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a REST request; a body that is not ``bytes`` goes as JSON. Return status and parsed answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.rest_port, timeout=ANSWER_SECONDS)
        try:
            content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            connection.request(method, path, content)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def rest_predict(self, body: Any, path: str = "/v1/models/tiny:predict") -> tuple[int, Any]:
        """Predict through REST."""
        return self.rest("POST", path, body)

    def logged(self) -> str:
        """Return what the process has written so far."""
        return self.log.read_text()

    def catches(self, number: signal.Signals) -> bool:
        """Tell whether the process has a handler for a signal."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught, 16) >> number - 1 & 1)

    def cpu_ticks(self) -> int:
        """Return the processor time that the process has used, in clock ticks."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])


@contextmanager
def begun(
    server: Server, method: str, path: str, body: bytes = b" "
) -> Iterator[Callable[[], tuple[int, Any, str | None]]]:
    """Send a REST request without its last byte; yield what sends that, for status, answer and Connection."""
    address = ("127.0.0.1", server.rest_port)
    with closing(http.client.HTTPConnection(*address, timeout=ANSWER_SECONDS)) as connection:
        connection.request("GET", "/v1/models/tiny")
        connection.getresponse().read()  # the server has taken the connection
        connection.putrequest(method, path)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:-1] or None)

        def finished() -> tuple[int, Any, str | None]:
            connection.send(body[-1:])
            response = connection.getresponse()
            return response.status, json.loads(response.read()), response.getheader("Connection")

        yield finished


def unary(channel: grpc.Channel, method: str) -> Any:
    """Return the callable of a method of the TensorFlow Serving API."""
    service, _, name = method.partition("/")
    described = next(found for found in messages.SERVICES if found.name == service).methods_by_name[name]
    response = messages.message_class(described.output_type)
    return channel.unary_unary(
        f"/tensorflow.serving.{method}",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=response.FromString,
    )


def predict_request(
    inputs: Mapping[str, Any],
    *,
    name: str = "tiny",
    signature: str = "",
    version: int | None = None,
    label: str = "",
    output_filter: Sequence[str] = (),
) -> Any:
    """Make a PredictRequest; inputs are TensorProtos or what NumPy makes arrays of."""
    request = messages.PredictRequest(output_filter=output_filter)
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    if label:
        request.model_spec.version_label = label
    for alias, value in inputs.items():
        is_message = isinstance(value, messages.TensorProto)
        request.inputs[alias].CopyFrom(value if is_message else to_proto(np.asarray(value)))
    return request


@contextmanager
def spawned(base_path: Path, log: Path, *flags: str) -> Iterator[Server]:
    """Start a server and do not wait for it; end it afterwards."""
    ports = free_port(), free_port()
    command = [
        sys.executable,
        "-m",
        "fogline_model_server",
        f"--port={ports[0]}",
        f"--rest_api_port={ports[1]}",
        "--model_name=tiny",
        f"--model_base_path={base_path}",
        *flags,
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stderr=output, stdout=output)
    try:
        yield Server(process, *ports, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_SECONDS)
        finally:
            process.kill()
            process.wait(END_SECONDS)


@contextmanager
def running(base_path: Path, log: Path, *flags: str) -> Iterator[Server]:
    """Start a server and wait until it listens; end it afterwards."""
    with spawned(base_path, log, *flags) as server:
        asyncio.run(until_serving(server))
        yield server


async def until_serving(server: Server) -> None:
    """Wait until the server listens.

    Raises
    ------
    AssertionError
        It ended, or does not listen in time.
    """

    def listens() -> bool:
        assert server.process.poll() is None, server.logged()
        return is_open(server.grpc_port) and is_open(server.rest_port)

    await wait_for(listens, "the model server listens", START_SECONDS, seen=server.logged)
