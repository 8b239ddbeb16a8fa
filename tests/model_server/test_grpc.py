"""What a gRPC client of either engine may rely on."""

import re
from typing import Any

import grpc
import numpy as np
import pytest
from tests.support.model_server import Server, predict_request, unary
from tests.support.tiny_models import SAME_TYPES

from fogline_model_server import messages
from fogline_model_server.limits import LIMITS
from fogline_model_server.tensors import to_proto

ROWS = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
BOTH = {"a": np.array([1], np.float32), "b": np.array([2], np.float32)}


def test_predict_answers_with_all_outputs_of_the_default_signature(server: Server) -> None:
    outputs = server.predict({"x": ROWS})
    assert outputs["doubled"].tolist() == [[2, 4, 6], [8, 10, 12]]
    assert outputs["total"].tolist() == [6, 15]


def test_predict_says_which_version_and_signature_answered(server: Server) -> None:
    response = server.call("PredictionService/Predict", predict_request({"x": ROWS}))
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("tiny", 1, "serving_default")


def test_answers_carry_values_in_typed_fields(server: Server) -> None:
    response = server.call("PredictionService/Predict", predict_request({"x": ROWS}))
    total = response.outputs["total"]
    assert list(total.float_val) == [6, 15]
    assert total.tensor_content == b""


def test_output_filter_picks_outputs(server: Server) -> None:
    assert server.predict({"x": ROWS}, output_filter=["total"]).keys() == {"total"}


def test_the_number_of_rows_may_change_from_call_to_call(server: Server) -> None:
    for rows in (1, 5, 2):
        assert server.predict({"x": np.ones((rows, 3), np.float32)})["total"].tolist() == [3] * rows


def test_a_single_value_fills_the_whole_shape(server: Server) -> None:
    tensor = to_proto(ROWS)
    del tensor.float_val[1:]
    assert server.predict({"x": tensor})["total"].tolist() == [3, 3]


def test_tensor_content_is_read(server: Server) -> None:
    tensor = to_proto(ROWS)
    tensor.ClearField("float_val")
    tensor.tensor_content = ROWS.tobytes()
    assert server.predict({"x": tensor})["total"].tolist() == [6, 15]


def test_scalars_have_no_dimension(server: Server) -> None:
    assert server.predict({"x": np.float32(41)}, signature="scalar")["next"] == np.float32(42)


@pytest.mark.parametrize("name", SAME_TYPES)
def test_elements_of_each_type_come_back_as_they_went(server: Server, name: str) -> None:
    sent = {
        "string": np.array([b"\x00\xff", b"", "Grüße".encode()], object),
        "bool": np.array([True, False, True]),
        "complex64": np.array([1 + 2j, -3.5j, 0], np.complex64),
    }.get(name)
    if sent is None:
        kind = np.dtype(name)
        limits: Any = np.finfo(kind) if kind.kind == "f" else np.iinfo(kind)
        sent = np.array([limits.min, 0, limits.max], kind)
    received = server.predict({"x": sent}, signature=f"same_{name}")["same"]
    assert received.dtype == sent.dtype
    assert received.ravel().tolist() == sent.tolist()


@pytest.mark.parametrize(
    ("inputs", "spec", "code", "message"),
    [
        (
            {"x": ROWS},
            {"name": "other"},
            grpc.StatusCode.NOT_FOUND,
            "Servable not found for request: Latest(other)",
        ),
        (
            {"x": ROWS},
            {"version": 7},
            grpc.StatusCode.NOT_FOUND,
            "Servable not found for request: Specific(tiny, 7)",
        ),
        ({"x": ROWS}, {"name": ""}, grpc.StatusCode.INVALID_ARGUMENT, "ModelSpec has no name specified."),
        (
            {"x": ROWS},
            {"label": "stable"},
            grpc.StatusCode.INVALID_ARGUMENT,
            "Unrecognized servable version label: stable",
        ),
        (
            {"x": ROWS},
            {"signature": "nope"},
            grpc.StatusCode.FAILED_PRECONDITION,
            'Serving signature key "nope" not found.',
        ),
        (
            {"a": BOTH["a"]},
            {"signature": "divide"},
            grpc.StatusCode.INVALID_ARGUMENT,
            (
                "input size does not match signature: 1!=2 len({a}) != len({a,b}). "
                "Sent extra: {}. Missing but required: {b}."
            ),
        ),
        (
            {"a": BOTH["a"], "c": BOTH["b"]},
            {"signature": "divide"},
            grpc.StatusCode.INVALID_ARGUMENT,
            (
                "Signature input alias: b(feed name: @) not found in request and no default value provided. "
                "Inputs expected to be in the request {a,c}, or default input alias set: "
            ),
        ),
        (
            {"x": ROWS},
            {"output_filter": ["nope"]},
            grpc.StatusCode.INVALID_ARGUMENT,
            (
                "output tensor alias not found in signature: nope "
                "Outputs expected to be in the set {doubled,total}."
            ),
        ),
        (
            {"x": ROWS},
            {"output_filter": ["total", "total"]},
            grpc.StatusCode.INVALID_ARGUMENT,
            "duplicate output tensor alias: total",
        ),
        (
            {"x": ROWS.astype(np.float64)},
            {},
            grpc.StatusCode.INVALID_ARGUMENT,
            "Expects arg[0] to be float but double is provided",
        ),
        (
            {"x": ROWS[0]},
            {},
            grpc.StatusCode.INVALID_ARGUMENT,
            "input x has shape [3] but the model takes [?,3]",
        ),
        (
            {"x": messages.TensorProto(dtype=1, tensor_content=b"abc")},
            {},
            grpc.StatusCode.INVALID_ARGUMENT,
            "tensor parsing error: x",
        ),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(
    server: Server, inputs: dict[str, Any], spec: dict[str, Any], code: grpc.StatusCode, message: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(inputs, **spec)
    details = re.sub(r"feed name: [^)]*", "feed name: @", str(caught.value.details()))
    assert (caught.value.code(), details) == (code, message)


def test_inputs_on_which_the_model_fails_do_not_harm_the_next_request(server: Server) -> None:
    for _ in range(3):
        with pytest.raises(grpc.RpcError) as caught:
            server.predict({"a": np.ones(3, np.float32), "b": np.ones(2, np.float32)}, signature="divide")
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert server.predict(BOTH, signature="divide")["quotient"].tolist() == [0.5]


def test_a_short_message_cannot_ask_for_a_huge_tensor(server: Server) -> None:
    tensor = messages.TensorProto(dtype=1, float_val=[1])
    for size in (1 << 40, 3):
        tensor.tensor_shape.dim.add(size=size)
    with pytest.raises(grpc.RpcError) as caught:
        server.predict({"x": tensor})
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_compressed_message_is_limited_by_its_real_size(server: Server) -> None:
    tensor = messages.TensorProto(dtype=1, tensor_content=bytes(LIMITS.grpc_message_bytes + 1))
    request = predict_request({"x": tensor})
    address = f"127.0.0.1:{server.grpc_port}"
    with (
        grpc.insecure_channel(address, compression=grpc.Compression.Gzip) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        unary(channel, "PredictionService/Predict")(request, timeout=60)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_long_names_make_no_long_errors(server: Server) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.predict({"n" * 100_000: ROWS, "x": ROWS})
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert len(str(caught.value.details())) == 2000


def test_overlapping_calls_all_get_their_own_answer(server: Server) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        call = unary(channel, "PredictionService/Predict")
        requests = [predict_request({"x": np.full((rows, 3), rows, np.float32)}) for rows in range(1, 9)] * 20
        futures = [call.future(request, timeout=60) for request in requests]
        for request, future in zip(requests, futures, strict=True):
            rows = request.inputs["x"].tensor_shape.dim[0].size
            assert list(future.result().outputs["total"].float_val) == [3 * rows] * rows


def test_status_names_the_version_that_answers(server: Server) -> None:
    request = messages.GetModelStatusRequest()
    request.model_spec.name = "tiny"
    request.model_spec.version_label = "labels are ignored here"
    (entry,) = server.call("ModelService/GetModelStatus", request).model_version_status
    assert (entry.version, entry.state) == (1, messages.ModelVersionStatus.AVAILABLE)
    assert (entry.status.error_code, entry.status.error_message) == (0, "")


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        ({"name": "m"}, grpc.StatusCode.NOT_FOUND, "Could not find any versions of model m"),
        (
            {"name": "tiny", "version": {"value": 7}},
            grpc.StatusCode.NOT_FOUND,
            "Could not find version 7 of model tiny",
        ),
        (None, grpc.StatusCode.INVALID_ARGUMENT, "Missing ModelSpec"),
    ],
)
def test_status_of_what_is_not_there_is_an_error(
    server: Server, spec: dict[str, Any] | None, code: grpc.StatusCode, message: str
) -> None:
    request = messages.GetModelStatusRequest(model_spec=spec)
    with pytest.raises(grpc.RpcError) as caught:
        server.call("ModelService/GetModelStatus", request)
    assert (caught.value.code(), caught.value.details()) == (code, message)


def test_metadata_describes_the_signatures(server: Server) -> None:
    request = messages.GetModelMetadataRequest(model_spec={"name": "tiny"}, metadata_field=["signature_def"])
    response = server.call("PredictionService/GetModelMetadata", request)
    assert (response.model_spec.name, response.model_spec.version.value) == ("tiny", 1)
    definitions = messages.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(definitions)
    definition = definitions.signature_def["serving_default"]
    assert definition.method_name == "tensorflow/serving/predict"
    assert definition.outputs.keys() == {"doubled", "total"}
    x = definition.inputs["x"]
    assert (x.dtype, [dim.size for dim in x.tensor_shape.dim]) == (1, [-1, 3])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([], "GetModelMetadataRequest must specify at least one metadata_field"),
        (["color"], "Metadata field color is not supported"),
    ],
)
def test_metadata_other_than_signatures_is_refused(server: Server, fields: list[str], message: str) -> None:
    request = messages.GetModelMetadataRequest(model_spec={"name": "tiny"}, metadata_field=fields)
    with pytest.raises(grpc.RpcError) as caught:
        server.call("PredictionService/GetModelMetadata", request)
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.INVALID_ARGUMENT, message)
