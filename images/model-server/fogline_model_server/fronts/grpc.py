"""The gRPC front end on grpcio, with threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from fogline_model_server.answers.table import ANSWERS, Answer
from fogline_model_server.errors import ServingError
from fogline_model_server.limits import LIMITS
from fogline_model_server.messages import SERVICES, message_class
from fogline_model_server.serving import Serving

_STATUS = {code.value[0]: code for code in grpc.StatusCode}


class GrpcioFront:
    """Answers gRPC calls in the given threads, on all addresses.

    Raises
    ------
    OSError
        The port is taken.

    """

    def __init__(self, serving: Serving, port: int, threads: ThreadPoolExecutor) -> None:
        self._server = _server(serving, port, threads)

    async def close(self, grace_seconds: float) -> None:
        """Take no new calls, answer those in flight, and close."""
        stopped = self._server.stop(grace_seconds)
        await asyncio.get_running_loop().run_in_executor(None, stopped.wait)


def _server(serving: Serving, port: int, threads: ThreadPoolExecutor) -> grpc.Server:
    server = grpc.server(
        threads,
        options=(
            ("grpc.max_receive_message_length", LIMITS.grpc_message_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
        ),
    )
    for service in SERVICES:
        handlers = {
            method.name: _handler(serving, method, ANSWERS[f"{service.full_name}/{method.name}"])
            for method in service.methods
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, handlers),))
    try:
        server.add_insecure_port(f"[::]:{port}")
    except RuntimeError as error:
        raise OSError(f"cannot listen on gRPC port {port}: it is taken or not allowed") from error
    server.start()
    return server


def _handler(serving: Serving, method: Any, answer: Answer) -> "grpc.RpcMethodHandler[Any, Any]":
    def handle(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return answer(serving, request)
        except ServingError as error:
            context.abort(_STATUS[error.code], error.message)

    return grpc.unary_unary_rpc_method_handler(
        handle,
        request_deserializer=_reader(message_class(method.input_type)),
        response_serializer=message_class(method.output_type).SerializeToString,
    )


def _reader(message: Any) -> Callable[[bytes], Any]:
    """Return what reads a request: None for bytes that are none, which grpcio answers with INTERNAL.

    It would do the same for an error, but also write each with a traceback to the log, which any client could
    fill that way.
    """

    def read(content: bytes) -> Any:
        try:
            return message.FromString(content)
        except DecodeError:
            return None

    return read
