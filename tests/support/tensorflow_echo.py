"""Read TensorProtos with TensorFlow and write them again, as a program: TensorFlow takes seconds to import.

Standard input is a JSON list of messages in hexadecimal. Standard output is, for each, a list of the same
tensor as TensorFlow writes it: for clients (values in ``tensor_content``), and from a kernel.
"""

import json
import sys

import tensorflow as tf  # type: ignore[import-untyped]  # it ships no types
from tensorflow.core.framework.tensor_pb2 import TensorProto  # type: ignore[import-untyped]  # nor here


def _echo(message: bytes) -> list[str]:
    tensor = tf.io.parse_tensor(message, TensorProto.FromString(message).dtype)
    for_clients = tf.make_tensor_proto(tensor.numpy()).SerializeToString()
    from_kernel = tf.io.serialize_tensor(tensor).numpy()
    return [for_clients.hex(), from_kernel.hex()]


if __name__ == "__main__":
    json.dump([_echo(bytes.fromhex(text)) for text in json.load(sys.stdin)], sys.stdout)
