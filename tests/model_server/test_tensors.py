"""Tensors on the wire: TensorFlow and we read each other's bytes, by the same rules."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from tests.support.tiny_models import ROOT

from fogline_model_server.dtypes import BY_NUMPY, DTYPES
from fogline_model_server.errors import ServingError
from fogline_model_server.limits import LIMITS
from fogline_model_server.messages import TensorProto
from fogline_model_server.tensors import set_proto, to_array, to_proto

SAMPLES = {
    "float": np.array([[1.5, -2], [np.inf, 3e-45]], np.float32),
    "double": np.array([0.1, -1e300]),
    "half": np.array([0.5, 65504, -6e-8], np.float16),
    "int8": np.array([-128, 127], np.int8),
    "int16": np.array([-32768, 32767], np.int16),
    "int32": np.array(-5, np.int32),
    "int64": np.array([-(1 << 63), (1 << 63) - 1], np.int64),
    "uint8": np.array([0, 255], np.uint8),
    "uint16": np.array([65535], np.uint16),
    "uint32": np.array([(1 << 32) - 1], np.uint32),
    "uint64": np.array([(1 << 64) - 1], np.uint64),
    "bool": np.array([[True], [False]]),
    "complex64": np.array([1 - 2j], np.complex64),
    "complex128": np.array([1 - 2j, 0.1j], np.complex128),
    "string": np.array([b"\x00", b"abc"], object),
}


def shape_of(*sizes: int) -> Any:
    return {"dim": [{"size": size} for size in sizes]}


def test_there_is_a_sample_of_each_type() -> None:
    assert SAMPLES.keys() == {dtype.name for dtype in DTYPES}


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_written_is_read_back(name: str) -> None:
    sample = SAMPLES[name]
    read = to_array(to_proto(sample), "x")
    assert BY_NUMPY[read.dtype].name == name
    np.testing.assert_array_equal(read, sample, strict=True)


def test_tensorflow_and_we_read_each_others_tensors() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.tensorflow_echo"],
        input=json.dumps([to_proto(sample).SerializeToString().hex() for sample in SAMPLES.values()]),
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
        cwd=ROOT,
    )
    for sample, answers in zip(SAMPLES.values(), json.loads(done.stdout), strict=True):
        for answer in answers:
            read = to_array(TensorProto.FromString(bytes.fromhex(answer)), "x")
            np.testing.assert_array_equal(read, sample, strict=True)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"float_val": [7]}, [7, 7, 7]),
        ({"float_val": [1, 2]}, [1, 2, 2]),
        ({"float_val": [1, 2, 3, 4]}, [1, 2, 3]),
        ({}, [0, 0, 0]),
    ],
)
def test_the_last_value_fills_what_is_missing(fields: dict[str, Any], expected: list[float]) -> None:
    proto = TensorProto(dtype=1, tensor_shape=shape_of(3), **fields)
    assert to_array(proto, "x").tolist() == expected


def test_missing_strings_are_empty() -> None:
    assert to_array(TensorProto(dtype=7, tensor_shape=shape_of(2)), "x").tolist() == [b"", b""]


def test_strings_are_read_from_tensor_content_too() -> None:
    long = b"x" * 300
    proto = TensorProto(dtype=7, tensor_shape=shape_of(3), tensor_content=b"\x01\x00\xac\x02" + b"a" + long)
    assert to_array(proto, "x").tolist() == [b"a", b"", long]


def test_on_request_numbers_are_written_to_tensor_content() -> None:
    for name, sample in SAMPLES.items():
        proto = TensorProto()
        set_proto(proto, sample, as_content=True)
        assert bool(proto.tensor_content) == (name != "string")
        np.testing.assert_array_equal(to_array(proto, "x"), sample, strict=True)


def test_small_integers_wrap_as_in_c() -> None:
    assert to_array(TensorProto(dtype=4, tensor_shape=shape_of(1), int_val=[300]), "x").tolist() == [44]


@pytest.mark.parametrize(
    "fields",
    [
        {"dtype": 0},
        {"dtype": 99},
        {"dtype": 20},
        {"dtype": 1, "tensor_shape": {"unknown_rank": True}},
        {"dtype": 1, "tensor_shape": shape_of(-1)},
        {"dtype": 1, "tensor_shape": shape_of(2), "tensor_content": b"1234"},
        {"dtype": 7, "tensor_shape": shape_of(1), "tensor_content": b"\x01ab"},
        {"dtype": 7, "tensor_shape": shape_of(2), "tensor_content": b"\x01a"},
        {"dtype": 7, "tensor_shape": shape_of(1), "tensor_content": b"\xff"},
        {"dtype": 7, "tensor_shape": shape_of(1), "tensor_content": b"\x80" * 9 + b"\x01a"},
        {"dtype": 8, "tensor_shape": shape_of(1), "scomplex_val": [1]},
    ],
)
def test_what_does_not_fit_together_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ServingError, match=r"^INVALID_ARGUMENT: tensor parsing error: x$"):
        to_array(TensorProto(**fields), "x")


def test_the_size_of_a_tensor_is_limited() -> None:
    most = LIMITS.tensor_bytes
    assert to_array(TensorProto(dtype=4, tensor_shape=shape_of(most)), "x").nbytes == most
    with pytest.raises(ServingError, match="too large"):
        to_array(TensorProto(dtype=4, tensor_shape=shape_of(most + 1)), "x")


def test_the_rank_of_a_tensor_is_limited() -> None:
    most = LIMITS.tensor_rank
    assert to_array(TensorProto(dtype=1, tensor_shape=shape_of(*[1] * most)), "x").ndim == most
    with pytest.raises(ServingError, match="33 dimensions"):
        to_array(TensorProto(dtype=1, tensor_shape=shape_of(*[1] * (most + 1))), "x")


def test_an_empty_tensor_cannot_have_huge_dimensions() -> None:
    with pytest.raises(ServingError, match="too large"):
        to_array(TensorProto(dtype=1, tensor_shape=shape_of(0, 1 << 60, 1 << 60)), "x")
