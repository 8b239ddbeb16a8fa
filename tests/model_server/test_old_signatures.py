"""Signatures in the metadata of .tflite files, as they were written before files had any of their own."""

from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema  # type: ignore[import-untyped]
from flatbuffers import flexbuffers
from tests.support.tiny_models import tiny_models

from fogline_model_server.engines.interpreter import Interpreter
from fogline_model_server.engines.old_signatures import old_signatures
from fogline_model_server.engines.precheck import precheck
from fogline_model_server.errors import LoadError
from fogline_model_server.messages import SignatureDef

ROW = np.array([[1, 2]], np.float32)


def with_metadata(packed: bytes) -> bytes:
    """Return a model that doubles its input and has no signatures, with this metadata."""
    (file,) = (tiny_models() / "plain").rglob("*.tflite")
    model = schema.ModelT.InitFromPackedBuf(file.read_bytes(), 0)
    buffer = schema.BufferT()
    buffer.data = list(packed)
    metadata = schema.MetadataT()
    metadata.name, metadata.buffer = "signature_defs_metadata", len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), metadata]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def packed(**definitions: Any) -> bytes:
    """Write a map of serialized messages; they must be text by chance, for the writer only writes text."""
    builder = flexbuffers.Builder()
    with builder.Map():
        for key, definition in definitions.items():
            builder.Key(key)
            builder.String(SignatureDef(**definition).SerializeToString().decode())
    return bytes(builder.Finish())


def names() -> tuple[str, str]:
    """Return the names of input and output in the file."""
    (signature,) = Interpreter(with_metadata(packed())).signatures.values()
    (x,), (y,) = signature.inputs.values(), signature.outputs.values()
    return x.name, y.name


def test_they_name_inputs_and_outputs() -> None:
    x, y = names()
    doubles = {
        "inputs": {"number": {"name": x}},
        "outputs": {"twice": {"name": f"{y}:0"}},
        "method_name": "tensorflow/serving/regress",
    }
    content = with_metadata(packed(double=doubles, serving_default=doubles | {"method_name": ""}))
    precheck(content)
    interpreter = Interpreter(content)
    assert interpreter.signatures.keys() == {"double", "serving_default"}
    double = interpreter.signatures["double"]
    assert (list(double.inputs), list(double.outputs)) == (["number"], ["twice"])
    assert double.inputs["number"].shape == (-1, 2)
    assert double.method_name == "tensorflow/serving/regress"
    assert interpreter.signatures["serving_default"].method_name == "tensorflow/serving/predict"
    assert interpreter.run("double", {"number": ROW}, ["twice"])["twice"].tolist() == [[2, 4]]


def test_a_tensor_that_is_not_there_is_refused() -> None:
    content = with_metadata(packed(double={"inputs": {"number": {"name": "nothing"}}}))
    with pytest.raises(LoadError, match="names the tensor nothing, which is not there"):
        Interpreter(content)


def test_a_file_with_signatures_of_its_own_has_no_old_ones() -> None:
    assert old_signatures((tiny_models() / "tflite/1/model.tflite").read_bytes()) == {}


def test_metadata_of_any_bytes_is_read_or_refused() -> None:
    whole = packed(double={"inputs": {"number": {"name": "x"}}})
    random = np.random.default_rng(3)
    refused = 0
    for _ in range(200):
        broken = bytearray(whole)
        for position in random.integers(0, len(broken), 3):
            broken[position] = random.integers(0, 256)
        try:
            old_signatures(with_metadata(bytes(broken)))
        except LoadError:
            refused += 1
    assert refused > 50
