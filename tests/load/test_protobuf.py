"""Predict messages as bytes, against the library that others read and write them with."""

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fogline.load import protobuf
from fogline.load.protobuf import STRING, Tensor
from fogline_model_server import messages
from fogline_model_server.tensors import to_array, to_proto

TYPES = {
    "float32": 1,
    "float64": 2,
    "int32": 3,
    "uint8": 4,
    "int16": 5,
    "int8": 6,
    "int64": 9,
    "bool": 10,
    "uint32": 22,
    "uint64": 23,
}

Array = np.ndarray[Any, Any]


@pytest.mark.parametrize("dtype", TYPES)
@settings(max_examples=15)
@given(data=st.data())
def test_a_request_is_read_as_it_was_written(dtype: str, data: st.DataObject) -> None:
    given_values = data.draw(arrays.arrays(dtype, arrays.array_shapes(min_dims=1, max_dims=3, max_side=4)))
    tensor = Tensor(TYPES[dtype], given_values.shape, given_values.tobytes())
    sent = protobuf.predict_request("digits", "s", 300, {"pixels": tensor})
    request = messages.PredictRequest.FromString(sent)
    assert (request.model_spec.name, request.model_spec.signature_name) == ("digits", "s")
    assert request.model_spec.version.value == 300
    np.testing.assert_array_equal(to_array(request.inputs["pixels"], "pixels"), given_values)


def test_the_latest_version_and_the_default_signature_are_not_named() -> None:
    request = messages.PredictRequest.FromString(protobuf.predict_request("digits", "", None, {}))
    assert not request.model_spec.HasField("version")
    assert request.model_spec.signature_name == ""


def test_text_goes_as_text() -> None:
    tensor = Tensor(STRING, (1, 2), b"", (b"a", "ü".encode()))
    request = messages.PredictRequest.FromString(protobuf.predict_request("m", "", None, {"x": tensor}))
    assert to_array(request.inputs["x"], "x").tolist() == [[b"a", "ü".encode()]]


@pytest.mark.parametrize("dtype", TYPES)
@settings(max_examples=15)
@given(data=st.data())
def test_answers_are_read_as_values_and_as_content(dtype: str, data: st.DataObject) -> None:
    values: Array = data.draw(
        arrays.arrays(dtype, (1, 4), elements={"allow_nan": False} if "float" in dtype else None)
    )
    by_content = messages.TensorProto(dtype=TYPES[dtype], tensor_content=values.tobytes())
    for size in values.shape:
        by_content.tensor_shape.dim.add(size=size)
    response = messages.PredictResponse(outputs={"values": to_proto(values), "content": by_content})
    found = protobuf.outputs(response.SerializeToString())
    assert found == {
        "values": ([1, 4], values.ravel().tolist()),
        "content": ([1, 4], values.ravel().tolist()),
    }


def test_a_value_that_stands_for_all_that_follow_is_repeated() -> None:
    tensor = messages.TensorProto(dtype=1, float_val=[0.5, 2.0])
    for size in (1, 4):
        tensor.tensor_shape.dim.add(size=size)
    response = messages.PredictResponse(outputs={"y": tensor})
    assert protobuf.outputs(response.SerializeToString()) == {"y": ([1, 4], [0.5, 2.0, 2.0, 2.0])}


@given(st.binary(max_size=60))
def test_what_is_no_message_is_refused_or_read_but_never_hangs(garbage: bytes) -> None:
    with suppress(ValueError, KeyError):
        protobuf.outputs(garbage)
