"""The gRPC front end on grpcio, with threads."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from fogline_model_server import wire
from fogline_model_server.admission import admit
from fogline_model_server.answers.table import ANSWERS, WAITING, WAITING_CALLS, WATCHING, Answer, services
from fogline_model_server.errors import Code, ServingError
from fogline_model_server.fronts.grpc_watch import Watches
from fogline_model_server.limits import LIMITS
from fogline_model_server.messages import message_class
from fogline_model_server.serving import Serving
from fogline_model_server.settings import Settings
from fogline_model_server.tls import Tls

_STATUS = {code.value[0]: code for code in grpc.StatusCode}
_OPTIONS: Mapping[str, int | str] = {
    "grpc.max_receive_message_length": LIMITS.grpc_message_bytes,
    "grpc.max_send_message_length": -1,
    "grpc.so_reuseport": 0,
}


class GrpcioFront:
    """Answers gRPC calls in the given threads, on all addresses.

    Raises
    ------
    OSError
        The port or socket cannot be had.

    """

    def __init__(
        self, serving: Serving, settings: Settings, tls: Tls | None, threads: ThreadPoolExecutor
    ) -> None:
        self._watches = Watches(serving)
        self._predictor = wire.Predictor(serving)
        self._waiting = ThreadPoolExecutor(WAITING_CALLS, thread_name_prefix="wait")
        options = {**_OPTIONS, **dict(settings.grpc_channel_arguments)}
        self._server = grpc.server(threads, options=tuple(options.items()))
        for service in services(serving):
            handlers = {
                method.name: self._handler(serving, f"{service.full_name}/{method.name}", method)
                for method in service.methods
            }
            generic = grpc.method_handlers_generic_handler(service.full_name, handlers)
            self._server.add_generic_rpc_handlers((generic,))
        _listen(self._server, settings, tls)
        self._server.start()

    async def close(self, grace_seconds: float) -> None:
        """Take no new calls, answer those in flight, and close."""
        self._watches.end()
        stopped = self._server.stop(grace_seconds)
        await asyncio.get_running_loop().run_in_executor(None, stopped.wait)

    def _handler(self, serving: Serving, name: str, method: Any) -> "grpc.RpcMethodHandler[Any, Any]":
        reading = _reader(message_class(method.input_type))
        writing = message_class(method.output_type).SerializeToString
        if name in WATCHING:
            return grpc.unary_stream_rpc_method_handler(
                self._watches.handler(ANSWERS[name]), reading, writing
            )
        if name == wire.PREDICT:
            return grpc.unary_unary_rpc_method_handler(_answering(serving, name, self._predict))
        handle = _answering(serving, name, ANSWERS[name])
        if name in WAITING:
            # The way to give a method threads of its own, which grpcio's own health service uses too.
            handle.experimental_thread_pool = self._waiting  # type: ignore[attr-defined]  # of a function
        return grpc.unary_unary_rpc_method_handler(handle, reading, writing)

    def _predict(self, _: Serving, message: bytes) -> bytes:
        try:
            return self._predictor.answer(message)
        except DecodeError as error:  # the words of grpcio, which would else have read the message
            raise ServingError(Code.INTERNAL, "Exception deserializing request!") from error


def _answering(serving: Serving, name: str, answer: Answer) -> Callable[[Any, grpc.ServicerContext], Any]:
    def handle(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            admit(serving, name, context.peer())
            return answer(serving, request)
        except ServingError as error:
            context.abort(_STATUS[error.code], error.message)

    return handle


def _listen(server: grpc.Server, settings: Settings, tls: Tls | None) -> None:
    try:
        if settings.port and tls:
            server.add_secure_port(f"[::]:{settings.port}", _credentials(tls))
        elif settings.port:
            server.add_insecure_port(f"[::]:{settings.port}")
    except RuntimeError as error:
        raise OSError(f"cannot listen on gRPC port {settings.port}: it is taken or not allowed") from error
    path = settings.grpc_socket_path
    try:
        if path:
            server.add_insecure_port(f"unix:{path}")
    except RuntimeError as error:
        raise OSError(f"cannot listen on gRPC socket {path}: it is taken or not allowed") from error


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials(
        [(tls.key.encode(), tls.certificate.encode())],
        root_certificates=tls.client_authority.encode() or None,
        require_client_auth=tls.verify_client,
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
