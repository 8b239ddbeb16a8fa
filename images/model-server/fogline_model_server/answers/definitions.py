"""Signatures as SignatureDef messages."""

from collections.abc import Mapping
from typing import Any

from fogline_model_server.signatures import Signature, TensorInfo
from fogline_model_server.tensors import set_proto


def fill(definition: Any, signature: Signature) -> None:
    """Write a signature into an empty SignatureDef."""
    _fill_infos(definition.inputs, signature.inputs)
    _fill_infos(definition.outputs, signature.outputs)
    definition.method_name = signature.method_name
    for alias, array in signature.defaults.items():
        set_proto(definition.defaults[alias], array)


def _fill_infos(definitions: Any, infos: Mapping[str, TensorInfo]) -> None:
    for alias, info in infos.items():
        definition = definitions[alias]
        definition.name = info.name
        definition.dtype = info.dtype
        shape = definition.tensor_shape
        shape.unknown_rank = info.shape is None
        for size in info.shape or ():
            shape.dim.add(size=size)
