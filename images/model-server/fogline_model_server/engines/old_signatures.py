"""Signatures of .tflite files from the years before such files had any of their own.

Writers of then put them into metadata called ``signature_defs_metadata``: a FlexBuffer with a map from the
key of each signature to a serialized SignatureDef (TensorFlow's signature_def_util.cc). LiteRT does not
show it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from fogline_model_server.engines.flatbuffer import BrokenFileError, Buffer, Table
from fogline_model_server.messages import SignatureDef

_NAME = "signature_defs_metadata"
_BUFFERS, _METADATA = 4, 6
"""Slots of the model."""
_WORK = 4_000_000
_MOST_SIGNATURES = 1000


@dataclass(frozen=True, slots=True)
class OldSignature:
    """One signature, with the names of tensors by alias."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    method_name: str


def old_signatures(content: bytes) -> Mapping[str, OldSignature]:
    """Return the signatures that the metadata of a checked file holds; most have none.

    Raises
    ------
    BrokenFileError
        There is such metadata and it cannot be read.

    """
    model = Buffer(content, _WORK).root()
    for entry in model.tables(_METADATA):
        if entry.text(0) == _NAME:
            return _read(_data(content, list(model.tables(_BUFFERS))[entry.number(1, "I")]))
    return {}


def _data(content: bytes, buffer: Table) -> bytes:
    inside = buffer.numbers(0, "B")
    if inside:
        return bytes(inside)
    offset, size = buffer.number(1, "Q"), buffer.number(2, "Q")
    return content[offset : offset + size]


def _read(packed: bytes) -> Mapping[str, OldSignature]:
    try:
        return {key: _signature(SignatureDef.FromString(value)) for key, value in _entries(packed)}
    except (DecodeError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise BrokenFileError("its metadata holds signatures that cannot be read") from error


def _entries(packed: bytes) -> Iterator[tuple[str, bytes]]:
    from flatbuffers import flexbuffers  # type: ignore[import-untyped]  # noqa: PLC0415  few models need it

    entries = flexbuffers.GetRoot(bytearray(packed)).AsMap
    if len(entries) > _MOST_SIGNATURES:
        raise ValueError(f"{len(entries)} signatures")
    for position in range(len(entries)):
        value = entries.Values[position]
        yield entries.Keys[position].AsKey, bytes(value.AsBlob if value.IsBlob else value.AsStringBytes)


def _signature(definition: Any) -> OldSignature:
    return OldSignature(
        {alias: info.name for alias, info in definition.inputs.items()},
        {alias: info.name for alias, info in definition.outputs.items()},
        definition.method_name,
    )
