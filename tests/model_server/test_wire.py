"""Predict on bytes answers what Predict on messages answers, for every request."""

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from tests.support.model_server import predict_request

from fogline_model_server import pieces
from fogline_model_server.answers import predict
from fogline_model_server.catalog import Catalog, ModelVersion, ServedModel, State, VersionStatus
from fogline_model_server.dtypes import BY_NUMPY, DTYPES, Array
from fogline_model_server.errors import ServingError
from fogline_model_server.messages import PredictRequest, PredictResponse
from fogline_model_server.serving import Serving
from fogline_model_server.signatures import Signature, TensorInfo
from fogline_model_server.tensors import to_proto
from fogline_model_server.wire import Predictor

TYPES = [dtype.numpy for dtype in DTYPES]
RAW = [dtype.numpy for dtype in DTYPES if dtype.name not in ("string", "bool")]


@dataclass
class Echo:
    """An engine that gives its inputs back, with one signature for each pair of element types."""

    add: int = 0
    runs: int = 0
    name: str = "echo"
    seconds_per_call: float = 0.0
    signatures: Mapping[str, Signature] = field(
        default_factory=lambda: {
            f"{first}-{second}": Signature(
                {"a": _info(first), "b": _info(second)}, {"y": _info(second), "x": _info(first)}
            )
            for first in TYPES
            for second in TYPES
        }
    )

    def run(self, signature: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        """Give the first input as x and the second as y."""
        del signature
        self.runs += 1
        both = {"x": inputs["a"], "y": inputs["b"]}
        return {alias: both[alias] for alias in outputs}


def _info(dtype: np.dtype[Any]) -> TensorInfo:
    return TensorInfo("", BY_NUMPY[dtype].number, None)


def served(engine: Echo, number: int = 1) -> Serving:
    """Serve one version as ``tiny``."""
    model = ServedModel((ModelVersion(number, engine),), (VersionStatus(number, State.AVAILABLE),))
    return Serving(Catalog({"tiny": model}))


def arrays(dtype: np.dtype[Any]) -> st.SearchStrategy[Array]:
    """Make arrays of few shapes, so that requests of the same kind come again."""

    def made(shape: Sequence[int], seed: int) -> Array:
        random = np.random.default_rng(seed)
        if dtype.hasobject:
            return np.array([random.bytes(3) for _ in range(int(np.prod(shape)))], object).reshape(shape)
        if dtype == np.bool_:
            return random.integers(0, 2, shape).astype(bool)
        raw: Array = np.frombuffer(random.bytes(int(np.prod(shape)) * dtype.itemsize), dtype)
        return raw.reshape(shape)

    shapes = st.sampled_from([(), (1,), (2, 2), (0, 3)])
    return st.builds(made, shapes, st.integers(0, 1000))


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Make a request, in one of the ways that clients may write it."""
    first, second = (draw(st.sampled_from([np.dtype("float32"), *TYPES])) for _ in range(2))
    tensors = {}
    for alias, dtype in (("a", first), ("b", second)):
        array = draw(arrays(dtype))
        tensor = to_proto(array)
        if dtype in RAW and draw(st.booleans()):
            tensor.ClearField(BY_NUMPY[dtype].field)
            tensor.tensor_content = array.tobytes()
        tensor.version_number = draw(st.sampled_from([0, 1]))
        if draw(st.integers(0, 9)) == 0 and array.size > 1:
            del getattr(tensor, BY_NUMPY[dtype].field)[1:]
        tensors[alias] = tensor
    request = predict_request(
        tensors,
        signature=f"{first}-{second}",
        version=draw(st.sampled_from([None, 1, 1, 2])),
        output_filter=draw(st.sampled_from([(), ("x",), ("y", "x"), ("z",)])),
    )
    message: bytes = request.SerializeToString()
    more = draw(st.sampled_from([b"", b"", b"", message, b"\xf8\x07\x01", b"\x0a", b"\xff"]))
    return message + more


def outcome(answer: Any) -> object:
    """Return a response as a message, or the error."""
    try:
        answered = answer()
    except ServingError as error:
        return error.code, error.message
    except DecodeError:
        return "not readable"
    return PredictResponse.FromString(answered) if isinstance(answered, bytes) else answered


SERVING = served(Echo())
PREDICTOR = Predictor(SERVING)


def assert_alike(predictor: Predictor, message: bytes) -> None:
    """Compare the answer on bytes with the answer on messages."""
    expected = outcome(lambda: predict.answer(SERVING, PredictRequest.FromString(message)))
    answered = outcome(lambda: predictor.answer(message))
    if isinstance(expected, PredictResponse):
        assert isinstance(answered, PredictResponse)
        # NaN is not equal to itself, so bytes are compared.
        both = [found.SerializeToString(deterministic=True) for found in (expected, answered)]
        assert both[0] == both[1]
    else:
        assert answered == expected


@given(requests())
def test_bytes_and_messages_are_answered_alike(message: bytes) -> None:
    for _ in range(2):  # the second time in the short way, if there is one
        assert_alike(PREDICTOR, message)


@pytest.mark.parametrize("content", [False, True])
def test_a_request_that_differs_in_one_bit_from_a_known_one_is_answered_as_it_should_be(
    content: bool,  # noqa: FBT001  a case
) -> None:
    tensor = to_proto(np.ones(2, np.float32))
    if content:
        tensor.tensor_content = np.ones(2, np.float32).tobytes()
        tensor.ClearField("float_val")
    request = predict_request(
        {"a": tensor, "b": tensor}, signature="float32-float32", version=1, output_filter=["x"]
    )
    message = request.SerializeToString()
    for position in range(len(message)):
        for bit in range(8):
            predictor = Predictor(SERVING)
            for _ in range(2):
                predictor.answer(message)
            changed = bytearray(message)
            changed[position] ^= 1 << bit
            assert_alike(predictor, bytes(changed))


@pytest.mark.parametrize("content", [False, True])
def test_the_second_request_of_a_kind_takes_the_short_way(
    content: bool,  # noqa: FBT001  a case
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    predictor = Predictor(served(Echo()))
    messages = []
    for value in (1.5, 2.5):
        tensor = to_proto(np.full((2, 2), value, np.float32))
        if content:
            tensor.tensor_content = np.full((2, 2), value, np.float32).tobytes()
            tensor.ClearField("float_val")
        request = predict_request({"a": tensor, "b": tensor}, signature="float32-float32")
        messages.append(request.SerializeToString())
    predictor.answer(messages[0])
    predictor.answer(messages[0])
    monkeypatch.delattr("fogline_model_server.wire.PredictRequest")
    monkeypatch.delattr("fogline_model_server.answers.predict.PredictResponse")
    answered = PredictResponse.FromString(predictor.answer(messages[1]))
    assert list(answered.outputs["x"].float_val) == [2.5] * 4
    assert answered.model_spec.version.value == 1


def test_a_new_catalog_is_used_at_once() -> None:
    serving = served(Echo(), 1)
    predictor = Predictor(serving)
    message = predict_request({"a": np.float32(1), "b": np.float32(1)}, signature="float32-float32")
    for number in (1, 2):
        serving.replace(served(Echo(), number).catalog)
        for _ in range(2):
            answered = PredictResponse.FromString(predictor.answer(message.SerializeToString()))
            assert answered.model_spec.version.value == number


def test_a_catalog_that_is_no_longer_served_is_let_go() -> None:
    serving = served(Echo(), 1)
    predictor = Predictor(serving)
    message = predict_request({"a": np.float32(1), "b": np.float32(1)}, signature="float32-float32")
    predictor.answer(message.SerializeToString())
    version = weakref.ref(serving.catalog.models["tiny"].available[0])
    assert version()
    serving.replace(served(Echo(), 2).catalog)
    assert version() is None


def test_requests_of_ever_new_kinds_do_not_fill_the_memory() -> None:
    predictor = Predictor(served(Echo()))
    for size in range(1000):
        request = predict_request(
            {"a": np.zeros(size + 1, np.float32), "b": np.float32(1)}, signature="float32-float32"
        )
        predictor.answer(request.SerializeToString())
    assert sum(len(kinds) for kinds in predictor._known[1].values()) <= 256 * 8  # noqa: SLF001  not shown elsewhere


@given(st.binary(max_size=60))
def test_no_bytes_are_too_strange_to_be_cut(message: bytes) -> None:
    for cut in (pieces.of_request, pieces.of_response):
        found = cut(message)
        if found:
            values = found.values(message)
            assert values is not None
            assert found.joined(values) == message
