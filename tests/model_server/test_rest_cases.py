"""What the REST API makes of requests, case by case, on a real model without a socket between.

The rules are those of TensorFlow Serving: http_rest_api_handler.cc, http_rest_api_util.cc, json_tensor.cc.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.support.example_models import example_models
from tests.support.model_server import predict_request
from tests.support.tiny_models import SAME_TYPES, tiny_models

from fogline_model_server.answers import predict
from fogline_model_server.catalog import (
    Catalog,
    ModelVersion,
    ServedModel,
    State,
    VersionStatus,
)
from fogline_model_server.engines import load
from fogline_model_server.engines.options import EngineOptions
from fogline_model_server.errors import Code
from fogline_model_server.rest.answer import Reply, answer
from fogline_model_server.serving import AnswerOptions, Serving
from fogline_model_server.tensors import to_array

ALL_STATES = (
    VersionStatus(1, State.END),
    VersionStatus(2, State.AVAILABLE),
    VersionStatus(3, State.LOADING),
    VersionStatus(4, State.END, Code.UNKNOWN, "it is broken"),
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """Return models whose version 2 answers, also by a label, beside versions in every other state."""
    folders = {"tiny": tiny_models() / "tflite" / "1", "rows": example_models() / "tflite" / "1"}
    return Catalog(
        {
            name: ServedModel(
                (ModelVersion(2, load(folder, EngineOptions())),), ALL_STATES, {"stable": 2, "old": 1}
            )
            for name, folder in folders.items()
        }
        | {"gone": ServedModel((), (VersionStatus(1, State.END),))}
    )


@pytest.fixture
def serving(catalog: Catalog) -> Serving:
    return Serving(catalog)


def get(serving: Serving, path: str) -> tuple[int, Any]:
    reply = answer(serving, "GET", path, b"")
    return reply.status, json.loads(reply.body)


def post(serving: Serving, path: str, body: Any) -> tuple[int, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = answer(serving, "POST", f"/v1/models/{path}", content)
    return reply.status, json.loads(reply.body)


def same(serving: Serving, kind: str, body: Mapping[str, Any]) -> tuple[int, Any]:
    """Send elements of a type; the model gives them back as a column."""
    return post(serving, "tiny:predict", {"signature_name": f"same_{kind}", **body})


# Paths


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/tiny/versions/2:predict",
        "/v1/models/tiny/labels/stable:predict",
        "/V1/MODELS/tiny/VERSIONS/2:predict",
        "/v1/models/tiny/versions/0002:predict",
        "/v1/models/%74%69ny:predict",
        "/v1/models/tiny/labels/st%61ble:predict",
    ],
)
def test_a_path_may_name_a_version_or_a_label(serving: Serving, path: str) -> None:
    reply = answer(serving, "POST", path, b'{"signature_name": "scalar", "inputs": 1}')
    assert (reply.status, reply.body) == (200, b'{"outputs":2.0}')


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/models/tiny:explain"),
        ("POST", "/v1/models/tiny:Predict"),
        ("POST", "/v1/models/:predict"),
        ("POST", "/v1/models/tiny/versions/:predict"),
        ("POST", "/v1/models/tiny/versions/one:predict"),
        ("POST", "/v1/models/tiny/versions/-1:predict"),
        ("POST", "/v1/models/tiny/versions/1/labels/stable:predict"),
        ("POST", "/v1/models/tiny/labels/:predict"),
        ("POST", "/v1/models/tiny/metadata"),
        ("POST", "/v1/models/a/b:predict"),
        ("POST", "/v1/models/tiny:predict/"),
        ("GET", "/v1/models/tiny:predict"),
        ("GET", "/v1/models/tiny/"),
        ("GET", "/v1/models/"),
        ("GET", "/v1/models/tiny/versions"),
        ("GET", "/v1/models/tiny/versions/1/metadata/more"),
        ("GET", "/v1/"),
        ("HEAD", "/v1/models/tiny"),
        ("DELETE", "/v1/models/tiny"),
        ("PATCH", "/v1/models/tiny:predict"),
        ("OPTIONS", "/v1/models/tiny:predict"),
    ],
)
def test_any_other_request_is_malformed(serving: Serving, method: str, path: str) -> None:
    reply = answer(serving, method, path, b"")
    assert reply.status == 400
    assert json.loads(reply.body) == {"error": f"Malformed request: {method} {path}"}


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/models/tiny", "/metrics", "//v1/models/tiny", ""])
def test_outside_v1_there_is_nothing(serving: Serving, path: str) -> None:
    assert get(serving, path)[0] == 404


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/versions/1", "/v1/models/labels/stable"])
def test_without_a_name_there_is_no_model(serving: Serving, path: str) -> None:
    assert get(serving, path) == (400, {"error": "Missing model name in request."})


def test_a_version_that_fits_no_number_is_refused(serving: Serving) -> None:
    number = 1 << 63
    message = {"error": f"Failed to convert version: {number} to numeric."}
    assert post(serving, f"tiny/versions/{number}:predict", {}) == (400, message)
    assert get(serving, f"/v1/models/tiny/versions/{number}") == (400, message)


# Status and metadata


def test_status_tells_every_version_that_was_ever_there(serving: Serving) -> None:
    ok = {"error_code": "OK", "error_message": ""}
    broken = {"error_code": "UNKNOWN", "error_message": "it is broken"}
    expected = [("1", "END", ok), ("2", "AVAILABLE", ok), ("3", "LOADING", ok), ("4", "END", broken)]
    status, document = get(serving, "/v1/models/tiny")
    assert status == 200
    assert document == {
        "model_version_status": [
            {"version": version, "state": state, "status": error} for version, state, error in expected
        ]
    }


@pytest.mark.parametrize(
    ("path", "versions"),
    [
        ("tiny/versions/4", ["4"]),
        ("tiny/versions/1", ["1"]),
        ("tiny/labels/stable", ["1", "2", "3", "4"]),
        ("tiny/labels/unknown", ["1", "2", "3", "4"]),
        ("gone", ["1"]),
        ("tiny/METADATA", ["1", "2", "3", "4"]),
    ],
)
def test_status_is_of_one_version_or_of_all(serving: Serving, path: str, versions: list[str]) -> None:
    status, document = get(serving, f"/v1/models/{path}")
    assert status == 200
    assert [entry["version"] for entry in document["model_version_status"]] == versions


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("m", 404, "Could not find any versions of model m"),
        ("tiny/versions/9", 404, "Could not find version 9 of model tiny"),
        ("gone/metadata", 404, "Servable not found for request: Latest(gone)"),
        ("tiny/versions/1/metadata", 404, "Servable not found for request: Specific(tiny, 1)"),
        ("tiny/labels/old/metadata", 404, "Servable not found for request: Specific(tiny, 1)"),
        ("tiny/labels/none/metadata", 400, "Unrecognized servable version label: none"),
    ],
)
def test_what_is_not_there_has_neither_status_nor_metadata(
    serving: Serving, path: str, status: int, message: str
) -> None:
    assert get(serving, f"/v1/models/{path}") == (status, {"error": message})


@pytest.mark.parametrize("path", ["tiny/metadata", "tiny/versions/2/metadata", "tiny/labels/stable/metadata"])
def test_metadata_is_that_of_the_version_that_answers(serving: Serving, path: str) -> None:
    status, document = get(serving, f"/v1/models/{path}")
    assert status == 200
    assert document["model_spec"] == {"name": "tiny", "version": "2", "signature_name": ""}
    signature = document["metadata"]["signature_def"]["signature_def"]["divide"]
    assert signature["inputs"]["a"] == {
        "name": signature["inputs"]["a"]["name"],
        "dtype": "DT_FLOAT",
        "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
    }
    assert (signature["method_name"], signature["defaults"]) == ("tensorflow/serving/predict", {})


# Elements


@pytest.mark.parametrize(
    ("kind", "sent", "received"),
    [
        ("float32", [1, 2.5, -3e-5], [1.0, 2.5, -3e-05]),
        ("float64", [0.1, 9007199254740991], [0.1, 9007199254740991.0]),
        ("float16", [0.5, 2047, -65504.0], [0.5, 2047.0, -65504.0]),
        ("int8", [-128, 127], [-128, 127]),
        ("uint8", [0, 255], [0, 255]),
        ("int16", [-32768, 32767], [-32768, 32767]),
        ("uint16", [0, 65535], [0, 65535]),
        ("int32", [-(1 << 31), (1 << 31) - 1], [-(1 << 31), (1 << 31) - 1]),
        ("uint32", [0, (1 << 32) - 1], [0, (1 << 32) - 1]),
        ("int64", [-(1 << 63), (1 << 63) - 1], [-(1 << 63), (1 << 63) - 1]),
        ("uint64", [0, (1 << 64) - 1], [0, (1 << 64) - 1]),
        ("bool", [True, False], [True, False]),
        ("string", ["", 'Grüße " \n', {"b64": "/w=="}], ["", 'Grüße " \n', "\ufffd"]),
    ],
)
def test_elements_of_each_type_come_back_as_they_went(
    serving: Serving, kind: str, sent: list[Any], received: list[Any]
) -> None:
    rows = [[value] for value in received]
    assert same(serving, kind, {"instances": sent}) == (200, {"predictions": rows})
    assert same(serving, kind, {"inputs": sent}) == (200, {"outputs": rows})


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("float32", "1", 'JSON Value: "1" Type: String is not of expected type: float'),
        ("float32", True, "JSON Value: true Type: True is not of expected type: float"),
        ("float32", {}, "JSON Value: {} Type: Object is not of expected type: float"),
        ("float32", 1 << 24, "Cannot convert JSON value: 16777216 to float without loss of precision."),
        ("float32", -1e39, "Cannot convert JSON value: -1e+39 to float without loss of precision."),
        (
            "float64",
            1 << 53,
            "Cannot convert JSON value: 9007199254740992 to double without loss of precision.",
        ),
        ("float16", 1e5, "Cannot convert JSON value: 100000.0 to half without loss of precision."),
        ("int32", 1.0, "JSON Value: 1.0 Type: Number is not of expected type: int32"),
        ("int32", 1 << 31, "JSON Value: 2147483648 Type: Number is not of expected type: int32"),
        ("int8", 128, "JSON Value: 128 Type: Number is not of expected type: int8"),
        ("uint32", -1, "JSON Value: -1 Type: Number is not of expected type: uint32"),
        ("int64", 1 << 63, "JSON Value: 9223372036854775808 Type: Number is not of expected type: int64"),
        ("int64", False, "JSON Value: false Type: False is not of expected type: int64"),
        ("bool", 1, "JSON Value: 1 Type: Number is not of expected type: bool"),
        ("bool", None, "JSON Value: null Type: Null is not of expected type: bool"),
        ("string", 1, "JSON Value: 1 Type: Number is not of expected type: string"),
        ("string", {"b64": "!"}, "Unable to base64 decode"),
    ],
)
def test_elements_of_another_type_are_refused(serving: Serving, kind: str, value: Any, message: str) -> None:
    assert same(serving, kind, {"inputs": [value]}) == (400, {"error": message})


@pytest.mark.parametrize("value", [{"b64": 1}, {"b64": "YQ==", "more": 1}, {"base64": "YQ=="}])
def test_an_object_that_is_no_base64_is_no_string(serving: Serving, value: Any) -> None:
    status, document = same(serving, "string", {"inputs": [value]})
    assert status == 400
    assert document["error"].endswith("not formatted correctly for base64 data")


def test_outputs_called_bytes_are_base64(serving: Serving) -> None:
    sent = [{"b64": base64.b64encode(text).decode()} for text in (b"\x00\xff", b"", b"plain")]
    body = {"signature_name": "raw", "inputs": sent}
    assert post(serving, "tiny:predict", body) == (200, {"outputs": sent})
    assert post(serving, "tiny:predict", body | {"inputs": {"x": sent}}) == (200, {"outputs": sent})


@pytest.mark.parametrize("kind", sorted(set(SAME_TYPES) - {"complex64", "string"}))
@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_elements_come_back_through_rest_as_they_do_through_grpc(
    serving: Serving, kind: str, data: st.DataObject
) -> None:
    array = data.draw(arrays(np.dtype(kind), st.integers(1, 9)))
    body = {"signature_name": f"same_{kind}", "instances": array.tolist()}
    status, document = post(serving, "tiny:predict", json.dumps(body).encode())
    assert status == 200
    response = predict.answer(serving, predict_request({"x": array}, signature=f"same_{kind}"))
    through_grpc = to_array(response.outputs["same"], "same")
    np.testing.assert_array_equal(np.array(document["predictions"], array.dtype), through_grpc, strict=True)


def test_numbers_that_are_not_finite_are_bare_words(serving: Serving) -> None:
    body = b'{"signature_name": "same_float64", "inputs": [NaN, Infinity, -Infinity, 1]}'
    reply = answer(serving, "POST", "/v1/models/tiny:predict", body)
    assert reply == Reply(200, b'{"outputs":[[NaN],[Infinity],[-Infinity],[1.0]]}')


# Rows and columns


def test_a_row_of_several_inputs_is_an_object(serving: Serving) -> None:
    rows = {"signature_name": "divide", "instances": [{"b": 2, "a": 1}, {"a": 3, "b": 4.0}]}
    assert post(serving, "tiny:predict", rows) == (200, {"predictions": [0.5, 0.75]})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b'"text"', 'JSON Value: "text" Is not object'),
        ({"signature_name": 1, "inputs": 1}, "'signature_name' key must be a string value."),
        ({"instances": 1}, "Excepting 'instances' to be an list/array"),
        ({"instances": []}, "No values in 'instances' array"),
        ({"instances": [1], "inputs": [1]}, "only one of 'inputs' or 'instances' keys to exist "),
        ({"examples": []}, "Missing 'inputs' or 'instances' key"),
        ({"inputs": {}}, "Missing named input: x in 'inputs' object."),
        ({"instances": [[1, 2], [[1, 2]]]}, "Expecting shape [2] but got: [1,2]"),
        ({"instances": [[1, 2, 3], []]}, "Expecting tensor size: 3 but got: 0"),
        ({"instances": [{"x": [1, 2, 3], "y": 1}]}, "JSON object: does not have named input: y"),
        ({"instances": [{"x": [1, 2, 3]}, {}]}, "keys must be equal to: x"),
        ({"instances": [{}, [1]]}, "keys must be equal to: x"),
    ],
)
def test_a_body_of_another_form_is_refused(serving: Serving, body: Any, message: str) -> None:
    status, document = post(serving, "tiny:predict", body)
    assert status == 400
    assert document["error"].endswith(message)


def test_what_is_no_json_is_refused(serving: Serving) -> None:
    for body in (b"{", b"{]}", b'{"inputs": 1,}', b"\xff", b"nan"):
        status, document = post(serving, "tiny:predict", body)
        assert status == 400
        assert document["error"].startswith("JSON Parse error: ")


# Classes


def test_classes_have_the_number_format_of_predictions(serving: Serving) -> None:
    body = b'{"signature_name": "scores", "examples": [{"x": [0.05, 4.5e6, NaN]}]}'
    reply = answer(serving, "POST", "/v1/models/rows:classify", body)
    assert reply.body == b'{"results":[[["",0.1],["",9e+06],["",NaN]]]}'


# Flags


def test_pages_of_other_origins_may_call_only_when_the_flag_is_set(catalog: Catalog) -> None:
    path, body = "/v1/models/tiny:predict", b'{"signature_name": "scalar", "inputs": 1}'
    assert answer(Serving(catalog), "POST", path, body).headers == ()
    open_to_all = Serving(catalog, AnswerOptions(cors=True))
    asked_first = answer(open_to_all, "OPTIONS", path, b"")
    assert (asked_first.status, asked_first.body) == (200, b"")
    for reply in (asked_first, answer(open_to_all, "POST", path, body), answer(open_to_all, "GET", "/", b"")):
        assert dict(reply.headers) == {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "POST, GET",
            "Access-Control-Allow-Headers": "Content-Type",
        }
