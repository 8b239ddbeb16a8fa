"""The gRPC front end: messages in, messages out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from fogline_model_server import inform, predict
from fogline_model_server.catalog import Catalog, ModelSpec
from fogline_model_server.errors import ServingError, invalid_argument
from fogline_model_server.limits import LIMITS
from fogline_model_server.messages import SERVICES, PredictResponse, message_class
from fogline_model_server.tensors import set_proto, to_array

Answer = Callable[[Catalog, Any], Any]

_STATUS = {code.value[0]: code for code in grpc.StatusCode}


def start(catalog: Catalog, port: int, threads: ThreadPoolExecutor) -> grpc.Server:
    """Listen on all addresses and answer in the given threads.

    Raises
    ------
    OSError
        The port is taken.

    """
    server = grpc.server(
        threads,
        options=(
            ("grpc.max_receive_message_length", LIMITS.grpc_message_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
        ),
    )
    for service in SERVICES:
        handlers = {method.name: _handler(catalog, method) for method in service.methods}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, handlers),))
    try:
        server.add_insecure_port(f"[::]:{port}")
    except RuntimeError as error:
        raise OSError(f"cannot listen on gRPC port {port}: it is taken or not allowed") from error
    server.start()
    return server


def _handler(catalog: Catalog, method: Any) -> "grpc.RpcMethodHandler[Any, Any]":
    answer = ANSWERS[method.name]

    def handle(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return answer(catalog, request)
        except ServingError as error:
            context.abort(_STATUS[error.code], error.message)

    return grpc.unary_unary_rpc_method_handler(
        handle,
        request_deserializer=message_class(method.input_type).FromString,
        response_serializer=message_class(method.output_type).SerializeToString,
    )


def _predict(catalog: Catalog, request: Any) -> Any:
    spec = _spec(request.model_spec)
    inputs = request.inputs
    call = predict.prepare(catalog, spec, inputs.keys(), request.output_filter)
    outputs = predict.run(call, {alias: to_array(proto, alias) for alias, proto in inputs.items()})
    response = PredictResponse()
    response.model_spec.name = spec.name
    response.model_spec.version.value = call.version.number
    response.model_spec.signature_name = call.signature_name
    for alias, array in outputs.items():
        set_proto(response.outputs[alias], array)
    return response


def _get_model_metadata(catalog: Catalog, request: Any) -> Any:
    _require_spec(request)
    if not request.metadata_field:
        raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
    for field in request.metadata_field:
        if field != inform.SIGNATURE_DEF:
            raise invalid_argument(f"Metadata field {field} is not supported")
    return inform.metadata(catalog, _spec(request.model_spec))


def _get_model_status(catalog: Catalog, request: Any) -> Any:
    _require_spec(request)
    return inform.status(catalog, _spec(request.model_spec))


def _require_spec(request: Any) -> None:
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")


def _spec(proto: Any) -> ModelSpec:
    choice = proto.WhichOneof("version_choice")
    return ModelSpec(
        name=proto.name,
        version=proto.version.value if choice == "version" else None,
        label=proto.version_label if choice == "version_label" else None,
        signature=proto.signature_name,
    )


ANSWERS: dict[str, Answer] = {
    "Predict": _predict,
    "GetModelMetadata": _get_model_metadata,
    "GetModelStatus": _get_model_status,
}
