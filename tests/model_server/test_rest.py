"""What a REST client of either engine may rely on."""

import base64
import gzip
import http.client
import json
import math
from typing import Any

import numpy as np
import pytest
from tests.support.model_server import Server

from fogline_model_server.limits import LIMITS

ROWS = [[1, 2, 3], [4, 5, 6]]
DIVIDE = {"signature_name": "divide"}


def test_rows_in_rows_out(server: Server) -> None:
    status, document = server.rest_predict({"instances": ROWS})
    assert status == 200
    assert document == {
        "predictions": [{"doubled": [2, 4, 6], "total": 6}, {"doubled": [8, 10, 12], "total": 15}]
    }


def test_columns_in_columns_out(server: Server) -> None:
    assert server.rest_predict({"inputs": ROWS}) == (
        200,
        {"outputs": {"doubled": [[2, 4, 6], [8, 10, 12]], "total": [6, 15]}},
    )


def test_a_single_output_drops_its_name(server: Server) -> None:
    rows = {**DIVIDE, "instances": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}
    assert server.rest_predict(rows) == (200, {"predictions": [0.5, 0.75]})
    columns = {**DIVIDE, "inputs": {"a": [1, 3], "b": [2, 4]}}
    assert server.rest_predict(columns) == (200, {"outputs": [0.5, 0.75]})


def test_a_single_input_may_be_named(server: Server) -> None:
    named = server.rest_predict({"instances": [{"x": row} for row in ROWS]})
    assert named == server.rest_predict({"instances": ROWS})


def test_a_version_may_be_named(server: Server) -> None:
    path = "/v1/models/tiny/versions/1:predict"
    assert server.rest_predict({"instances": ROWS}, path) == server.rest_predict({"instances": ROWS})


def test_paths_match_in_any_case_and_names_may_be_encoded(server: Server) -> None:
    status, _ = server.rest_predict({"instances": ROWS}, "/V1/Models/%74iny:predict")
    assert status == 200


def test_a_scalar_input_stands_alone_in_column_form(server: Server) -> None:
    assert server.rest_predict({"signature_name": "scalar", "inputs": 41}) == (200, {"outputs": 42})


def test_nan_and_infinities_go_both_ways(server: Server) -> None:
    body = b'{"signature_name": "divide", "inputs": {"a": [NaN, 1, -1, Infinity, 0.3], "b": [1, 0, 0, 2, 3]}}'
    status, document = server.rest_predict(body)
    assert status == 200
    nan, *others = document["outputs"]
    assert math.isnan(nan)
    assert others[:3] == [math.inf, -math.inf, math.inf]
    assert np.float32(others[3]) == np.float32(0.3) / np.float32(3)


def test_floats_have_as_many_digits_as_their_type_needs(server: Server) -> None:
    status, document = server.rest_predict({"signature_name": "same_float32", "instances": [0.1, 16777215]})
    assert (status, document) == (200, {"predictions": [[0.1], [16777215.0]]})
    assert isinstance(document["predictions"][1][0], float)


def test_text_goes_as_text_and_bytes_as_base64(server: Server) -> None:
    encoded = {"b64": base64.b64encode(b"\x00\xff").decode()}
    text = {"signature_name": "same_string", "instances": ["Grüße", {"b64": "YQ"}]}
    assert server.rest_predict(text) == (200, {"predictions": [["Grüße"], ["a"]]})
    raw = {"signature_name": "raw", "instances": [encoded, "a"]}
    assert server.rest_predict(raw) == (200, {"predictions": [encoded, {"b64": "YQ=="}]})


def test_a_compressed_body_is_read(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=30)
    body = gzip.compress(json.dumps({"instances": ROWS}).encode())
    connection.request("POST", "/v1/models/tiny:predict", body, {"Content-Encoding": "gzip"})
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "JSON Parse error: The document is empty"),
        ([], "JSON Value: [] Is not object"),
        ({}, "Missing 'inputs' or 'instances' key"),
        (
            {"signature_name": 1, "inputs": []},
            (
                'JSON Value: {\n    "signature_name": 1,\n    "inputs": []\n} not formatted correctly. '
                "'signature_name' key must be a string value."
            ),
        ),
        (
            {"signature_name": "nope", "inputs": 1},
            'Serving signature name: "nope" not found in signature def',
        ),
        (
            {"instances": ["abc"]},
            (
                "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
                'JSON Value: "abc" Type: String is not of expected type: float'
            ),
        ),
        ({"inputs": [True]}, "JSON Value: true Type: True is not of expected type: float"),
        ({"inputs": [None]}, "JSON Value: null Type: Null is not of expected type: float"),
        (
            {"signature_name": "same_int32", "inputs": [1.0]},
            "JSON Value: 1.0 Type: Number is not of expected type: int32",
        ),
        (
            {"signature_name": "same_uint8", "inputs": [256]},
            "JSON Value: 256 Type: Number is not of expected type: uint8",
        ),
        (
            {"inputs": [[16777217, 0, 0]]},
            "Cannot convert JSON value: 16777217 to float without loss of precision.",
        ),
        (
            {"inputs": [[1e39, 0, 0]]},
            "Cannot convert JSON value: 1e+39 to float without loss of precision.",
        ),
        (
            {"inputs": [[1, 2, 3], [4, 5]]},
            "Encountered list at unexpected size: 2 at level: 1 expected size: 3",
        ),
        (
            {"inputs": [[1], 2]},
            "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
        ),
        ({"inputs": [1, [2]]}, "Encountered list at unexpected level: 1 expected < 1"),
        (
            {"instances": [[1, 2, 3], [4, 5]]},
            (
                "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
                "Expecting tensor size: 3 but got: 2"
            ),
        ),
        ({"instances": [{"x": [1, 2, 3]}, [1]]}, "Expecting object but got list at item 1 of input list"),
        (
            {"instances": [[1, 2, 3], {"x": [1, 2, 3]}]},
            "Expecting value/list but got object at item 1 of input list",
        ),
        (
            {"instances": [{"y": 1}]},
            (
                "Failed to process element: 0 key: y of 'instances' list. Error: INVALID_ARGUMENT: "
                "JSON object: does not have named input: y"
            ),
        ),
        (
            {**DIVIDE, "instances": [1]},
            (
                "instances is a plain list, but expecting list of objects as multiple input tensors "
                "required as per tensorinfo_map"
            ),
        ),
        ({**DIVIDE, "inputs": {"a": [1]}}, "Missing named input: b in 'inputs' object."),
        (
            {"signature_name": "same_string", "inputs": [{"b64": "!"}]},
            "Unable to base64 decode",
        ),
        (
            {"signature_name": "uneven", "instances": ROWS},
            "Tensor name: rows has inconsistent batch size: 2 expecting: 3",
        ),
        (
            {"signature_name": "same_complex64", "inputs": [1]},
            None,
        ),
    ],
)
def test_a_wrong_body_is_told_what_is_wrong(server: Server, body: Any, message: str | None) -> None:
    status, document = server.rest_predict(body)
    if message is None:
        assert (status, document) == (501, {"error": "Conversion of JSON Value: 1 to type: complex64"})
    else:
        assert (status, document) == (400, {"error": message})


@pytest.mark.parametrize("form", ["instances", "inputs"])
def test_instances_and_inputs_exclude_each_other(server: Server, form: str) -> None:
    status, document = server.rest_predict({"inputs": [1], "instances": [1], form: [2]})
    assert status == 400
    assert "expecting only one of 'inputs' or 'instances'" in document["error"]


@pytest.mark.parametrize("instances", [[], {}, 1])
def test_instances_must_be_a_list_with_elements(server: Server, instances: Any) -> None:
    status, document = server.rest_predict({"instances": instances})
    assert status == 400
    assert "'instances'" in document["error"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"inputs": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"inputs": ' + b"[" * 100_000 + b"NaN" + b"]" * 100_000 + b"}",
        b'{"inputs": ' + b"[" * 500 + b"NaN" + b"]" * 500 + b"}",
        b'{"inputs": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
        b'{"instances": ' + b"[" * 40 + b"1" + b"]" * 40 + b"}",
        b'{"inputs": [1' + b"0" * 100_000 + b"]}",
        b'{"inputs": [NaN, 1' + b"0" * 100_000 + b"]}",
        b'{"inputs": "\\ud800", "NaN": 1}',
        b"\xff\xfe",
        b"NaN",
    ],
)
def test_a_hostile_body_is_an_error_and_the_server_goes_on(server: Server, body: bytes) -> None:
    status, _ = server.rest_predict(body)
    assert status == 400
    assert server.rest_predict({"instances": ROWS})[0] == 200


def test_a_body_beyond_the_limit_is_refused_also_when_it_comes_compressed(server: Server) -> None:
    body = gzip.compress(b" " * (LIMITS.rest_body_bytes + 1))
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=30)
    connection.request("POST", "/v1/models/tiny:predict", body, {"Content-Encoding": "gzip"})
    response = connection.getresponse()
    assert response.status == 413
    assert json.loads(response.read()) == {"error": "body is larger than 8388608 bytes"}
    connection.close()


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/v1/foo", 400, "Malformed request: GET /v1/foo"),
        ("PUT", "/v1/models/tiny", 400, "Malformed request: PUT /v1/models/tiny"),
        ("POST", "/v1/models/tiny:PREDICT", 400, "Malformed request: POST /v1/models/tiny:PREDICT"),
        ("POST", "/v1/models/tiny", 400, "Malformed request: POST /v1/models/tiny"),
        ("GET", "/v1/models", 400, "Missing model name in request."),
        ("GET", "/v1/models/m", 404, "Could not find any versions of model m"),
        ("GET", "/v1/models/tiny/versions/7", 404, "Could not find version 7 of model tiny"),
        (
            "GET",
            "/v1/models/tiny/versions/9223372036854775808",
            400,
            "Failed to convert version: 9223372036854775808 to numeric.",
        ),
        ("GET", "/v1/models/m/metadata", 404, "Servable not found for request: Latest(m)"),
        ("GET", "/v1/models/tiny/labels/a/metadata", 400, "Unrecognized servable version label: a"),
        ("GET", "/", 404, "Not found: GET /"),
    ],
)
def test_a_wrong_path_is_told_what_is_wrong(
    server: Server, method: str, path: str, status: int, message: str
) -> None:
    assert server.rest(method, path) == (status, {"error": message})


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/v1/models/m:predict", 404, "Servable not found for request: Latest(m)"),
        ("/v1/models/tiny/versions/7:predict", 404, "Servable not found for request: Specific(tiny, 7)"),
        ("/v1/models/tiny/labels/a:predict", 400, "Unrecognized servable version label: a"),
    ],
)
def test_predict_of_what_is_not_there_is_an_error(
    server: Server, path: str, status: int, message: str
) -> None:
    assert server.rest_predict({"instances": ROWS}, path) == (status, {"error": message})


def test_status_names_the_version_that_answers(server: Server) -> None:
    entry = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    for path in ("/v1/models/tiny", "/v1/models/tiny/versions/1", "/v1/models/tiny/labels/any"):
        assert server.rest("GET", path) == (200, {"model_version_status": [entry]})


def test_metadata_describes_the_signatures_with_default_values(server: Server) -> None:
    status, document = server.rest("GET", "/v1/models/tiny/metadata")
    assert status == 200
    assert document["model_spec"] == {"name": "tiny", "version": "1", "signature_name": ""}
    definition = document["metadata"]["signature_def"]["signature_def"]["scalar"]
    (x,) = definition["inputs"].values()
    assert x["dtype"] == "DT_FLOAT"
    assert x["tensor_shape"] == {"dim": [], "unknown_rank": False}
    assert definition["method_name"] == "tensorflow/serving/predict"
