"""What the model server is compared with: an empty gRPC echo, and TensorFlow behind grpcio.

Usage: ``python bench/_server_peers.py echo|saved_model PORT [FOLDER]``. Both answer Predict with
two threads: more make neither faster on two cores.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

THREADS = 2
SERVICE, METHOD = "tensorflow.serving.PredictionService", "Predict"


def main(kind: str, port: int, folder: str) -> None:
    """Serve until killed."""
    answer = echo if kind == "echo" else saved_model(folder)
    handler: Any = grpc.unary_unary_rpc_method_handler(lambda request, _: answer(request))
    server = grpc.server(ThreadPoolExecutor(THREADS))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler}),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


def echo(message: bytes) -> bytes:
    """Answer a message with itself: what remains is gRPC."""
    return message


def saved_model(folder: str) -> Callable[[bytes], bytes]:
    """Return what most people would write first: parse, call the signature, print."""
    import tensorflow as tf  # type: ignore[import-untyped]  # noqa: PLC0415  the echo must not pay for it

    from fogline_model_server.messages import PredictRequest, PredictResponse  # noqa: PLC0415  as above
    from fogline_model_server.tensors import set_proto, to_array  # noqa: PLC0415  as above

    model = tf.saved_model.load(folder)
    call = model.signatures["serving_default"]

    def answer(message: bytes) -> bytes:
        request = PredictRequest.FromString(message)
        inputs = {alias: tf.constant(to_array(proto, alias)) for alias, proto in request.inputs.items()}
        response = PredictResponse()
        for alias, tensor in call(**inputs).items():
            set_proto(response.outputs[alias], tensor.numpy())
        answered: bytes = response.SerializeToString()
        return answered

    return answer


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), "".join(sys.argv[3:]))
