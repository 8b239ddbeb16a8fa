"""Classify, Regress and MultiInference through gRPC: the same answers from both engines."""

import re
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from tests.support.example_models import example_models
from tests.support.model_server import Server, running

from fogline_model_server import messages

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
FEATURES = {"x": [1.0, 2.0, 3.0]}, {"x": [4.0, 5.0, 6.0]}


@pytest.fixture(scope="module", params=["saved_model", "tflite"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("examples") / f"{request.param}.log"
    with running(example_models() / request.param, log) as started:
        yield started


only_saved_model = pytest.mark.parametrize("server", ["saved_model"], indirect=True)
"""For signatures that parse Examples, which no .tflite file can."""


def feature(values: list[Any]) -> dict[str, Any]:
    kind = {float: "float_list", int: "int64_list", bytes: "bytes_list"}[type(values[0])]
    return {kind: {"value": values}}


def example(**features: list[Any]) -> Any:
    return messages.Example(
        features={"feature": {name: feature(values) for name, values in features.items()}}
    )


def examples(*rows: dict[str, list[Any]]) -> dict[str, Any]:
    return {"example_list": {"examples": [example(**row) for row in rows]}}


def spec(signature: str = "", **more: Any) -> dict[str, Any]:
    return {"name": "tiny", "signature_name": signature, **more}


def classify(server: Server, inputs: dict[str, Any], signature: str = "") -> Any:
    request = messages.ClassificationRequest(model_spec=spec(signature), input=inputs)
    return server.call("PredictionService/Classify", request)


def regress(server: Server, inputs: dict[str, Any], signature: str = "regress") -> Any:
    request = messages.RegressionRequest(model_spec=spec(signature), input=inputs)
    return server.call("PredictionService/Regress", request)


def infer(server: Server, *tasks: tuple[str, str], name: str = "tiny") -> Any:
    request = messages.MultiInferenceRequest(input=examples(*FEATURES))
    for signature, method in tasks:
        request.tasks.add(model_spec={"name": name, "signature_name": signature}, method_name=method)
    return server.call("PredictionService/MultiInference", request)


def refused(call: Any, *arguments: Any, **more: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **more)
    return caught.value.code(), str(caught.value.details())


def invalid(message: str) -> tuple[grpc.StatusCode, str]:
    return grpc.StatusCode.INVALID_ARGUMENT, message


def test_classify_answers_with_label_and_score_of_every_class(server: Server) -> None:
    response = classify(server, examples(*FEATURES))
    found = [[(c.label, c.score) for c in row.classes] for row in response.result.classifications]
    assert found == [[("low", 2), ("middle", 4), ("high", 6)], [("low", 8), ("middle", 10), ("high", 12)]]


def test_a_model_may_give_scores_alone(server: Server) -> None:
    response = classify(server, examples(FEATURES[0]), "scores")
    (row,) = response.result.classifications
    assert [(c.label, c.score) for c in row.classes] == [("", 2), ("", 4), ("", 6)]


def test_regress_answers_with_one_number_for_each_example(server: Server) -> None:
    response = regress(server, examples(*FEATURES))
    assert [entry.value for entry in response.result.regressions] == [6, 15]


def test_the_response_says_which_version_and_signature_answered(server: Server) -> None:
    for response, signature in (
        (classify(server, examples(*FEATURES)), "serving_default"),
        (regress(server, examples(*FEATURES)), "regress"),
        (infer(server, ("regress", REGRESS)).results[0], "regress"),
    ):
        found = response.model_spec
        assert (found.name, found.version.value, found.signature_name) == ("tiny", 1, signature)


def test_integers_are_features_too(server: Server) -> None:
    response = regress(server, examples({"x": [1.0, 2.0, 3.0], "n": [4]}), "sum")
    assert [entry.value for entry in response.result.regressions] == [10]


def test_a_common_context_belongs_to_each_example(server: Server) -> None:
    rows = {"context": example(n=[10]), "examples": [example(**row) for row in FEATURES]}
    response = regress(server, {"example_list_with_context": rows}, "sum")
    assert [entry.value for entry in response.result.regressions] == [16, 25]


def test_multi_inference_answers_each_task_in_order(server: Server) -> None:
    response = infer(server, ("regress", REGRESS), ("", CLASSIFY), ("scores", CLASSIFY))
    first, second, third = response.results
    assert [entry.value for entry in first.regression_result.regressions] == [6, 15]
    assert second.classification_result.classifications[1].classes[0].label == "low"
    assert [c.score for c in third.classification_result.classifications[0].classes] == [2, 4, 6]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ({"y": [1.0]},),
            "Name: <unknown>, Feature: x (data type: float) is required but could not be found.",
        ),
        (
            (FEATURES[0], {"x": [1, 2, 3]}),
            (
                "Name: <unknown>, Key: x, Index: 1.  "
                "Data types don't match. Data type: int64 but expected type: float"
            ),
        ),
        (
            (FEATURES[0], {"x": [1.0, 2.0]}),
            (
                "Name: <unknown>, Key: x, Index: 1.  "
                "Number of float values != expected.  Values size: 2 but output shape: [3]"
            ),
        ),
        ((), "Input is empty."),
    ],
)
def test_features_that_do_not_fit_are_refused_in_the_words_of_tensorflow(
    server: Server, rows: tuple[dict[str, list[Any]], ...], message: str
) -> None:
    for call in (classify, regress):
        code, text = refused(call, server, examples(*rows))
        assert (code, text.splitlines()[0]) == invalid(message)


def test_an_input_message_without_examples_is_empty(server: Server) -> None:
    assert refused(classify, server, {}) == invalid("Input is empty.")


def test_a_signature_must_be_there_and_fit_the_task(server: Server) -> None:
    assert refused(classify, server, examples(*FEATURES), "nope") == invalid(
        "No signature was found with the name: nope"
    )
    assert refused(regress, server, examples(*FEATURES), "serving_default") == invalid(
        "Expected one output Tensor."
    )
    code, text = refused(regress, server, examples(*FEATURES), "scores")
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text.startswith("No regression outputs found in SignatureDef: inputs {\n  key: ")
    code, text = refused(classify, server, examples(*FEATURES), "regress")
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text.startswith(
        'Expected classification signature outputs to contain at least one of "classes" or "scores". '
        "Signature was: inputs {\n"
    )


@pytest.mark.parametrize(
    ("method", "request_class"),
    [("Classify", "ClassificationRequest"), ("Regress", "RegressionRequest"), ("Predict", "PredictRequest")],
)
def test_a_request_must_name_a_model_that_is_there(server: Server, method: str, request_class: str) -> None:
    make = getattr(messages, request_class)
    for model_spec, expected in (
        (None, invalid("Missing ModelSpec")),
        ({}, invalid("ModelSpec has no name specified.")),
        ({"name": "m"}, (grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(m)")),
    ):
        request = make(model_spec=model_spec)
        assert refused(server.call, f"PredictionService/{method}", request) == expected


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([("regress", REGRESS), ("regress", REGRESS)], "Duplicate evaluation of signature: regress"),
        ([("nope", REGRESS)], "Requested signature not found in model graph: nope"),
        ([("serving_default", REGRESS)], "Expected one output Tensor."),
        ([], "ModelSpec has no name specified."),
    ],
)
def test_tasks_that_cannot_be_done_are_refused(
    server: Server, tasks: list[tuple[str, str]], message: str
) -> None:
    assert refused(infer, server, *tasks) == invalid(message)


def test_only_classify_and_regress_are_tasks(server: Server) -> None:
    assert refused(infer, server, ("regress", "tensorflow/serving/predict")) == (
        grpc.StatusCode.UNIMPLEMENTED,
        "Unsupported signature method_name: tensorflow/serving/predict",
    )


def test_all_tasks_are_for_one_model(server: Server) -> None:
    request = messages.MultiInferenceRequest(input=examples(*FEATURES))
    for name in ("tiny", "other"):
        request.tasks.add(model_spec={"name": name, "signature_name": "regress"}, method_name=REGRESS)
    assert refused(server.call, "PredictionService/MultiInference", request) == invalid(
        "All ModelSpecs in a MultiInferenceRequest must access the same model name."
    )
    request.tasks[1].ClearField("model_spec")
    assert refused(server.call, "PredictionService/MultiInference", request) == invalid(
        "Found ModelSpec with an empty model name."
    )


@only_saved_model
def test_tasks_that_parse_in_different_places_cannot_be_joined(server: Server) -> None:
    assert refused(infer, server, ("regress", REGRESS), ("elsewhere", REGRESS)) == invalid(
        "Input tensor must be the same for all Signatures."
    )


@only_saved_model
def test_examples_go_to_an_input_called_inputs(server: Server) -> None:
    code, text = refused(classify, server, examples(*FEATURES), "misnamed")
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text.startswith("No classification inputs found in SignatureDef: ")


@only_saved_model
def test_an_output_of_another_form_is_refused(server: Server) -> None:
    assert refused(regress, server, examples(*FEATURES), "matrix") == invalid(
        "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,3]"
    )


@only_saved_model
def test_a_signature_that_takes_tensors_is_given_features_by_name(server: Server) -> None:
    response = classify(server, examples(*FEATURES), "named")
    assert response.result == classify(server, examples(*FEATURES)).result


@only_saved_model
def test_an_input_with_a_default_value_may_be_left_out(server: Server) -> None:
    one = np.ones(1, np.float32)
    assert server.predict({"a": one}, signature="defaulted")["sum"].tolist() == [11]
    assert server.predict({"a": one, "b": one}, signature="defaulted")["sum"].tolist() == [2]
    code, text = refused(server.predict, {"b": one}, signature="defaulted")
    assert (code, re.sub(r"feed name: [^)]*", "feed name: @", text)) == invalid(
        "Signature input alias: a(feed name: @) not found in request and no default value provided. "
        "Inputs expected to be in the request {b}, or default input alias set: b"
    )
    assert refused(server.predict, {"a": one, "c": one}, signature="defaulted") == invalid(
        "Inputs contains invalid name. Used request inputs: a, request input: a,c"
    )


@only_saved_model
def test_metadata_shows_default_values(server: Server) -> None:
    _, document = server.rest("GET", "/v1/models/tiny/metadata")
    definition = document["metadata"]["signature_def"]["signature_def"]["defaulted"]
    assert definition["defaults"]["b"]["float_val"] == [10]


def test_classify_through_rest(server: Server) -> None:
    path = "/v1/models/tiny/versions/1:classify"
    assert server.rest("POST", path, {"examples": FEATURES}) == (
        200,
        {
            "results": [
                [["low", 2.0], ["middle", 4.0], ["high", 6.0]],
                [["low", 8.0], ["middle", 10.0], ["high", 12.0]],
            ]
        },
    )


def test_regress_through_rest_with_a_common_context(server: Server) -> None:
    body = {"signature_name": "sum", "context": {"n": 10}, "examples": FEATURES}
    assert server.rest("POST", "/v1/models/tiny:regress", body) == (200, {"results": [16.0, 25.0]})


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("m:classify", {"examples": FEATURES}, 404, "Servable not found for request: Latest(m)"),
        (
            "tiny:classify",
            {"signature_name": "nope", "examples": FEATURES},
            400,
            "No signature was found with the name: nope",
        ),
        ("tiny:regress", {"examples": FEATURES}, 400, "Expected one output Tensor."),
        (
            "tiny:classify",
            {"examples": [{"x": [1.0, 2.0]}]},
            400,
            (
                "Name: <unknown>, Key: x, Index: 0.  "
                "Number of float values != expected.  Values size: 2 but output shape: [3]"
            ),
        ),
    ],
)
def test_errors_come_through_rest_too(
    server: Server, path: str, body: Any, status: int, message: str
) -> None:
    found, document = server.rest("POST", f"/v1/models/{path}", body)
    assert (found, document["error"].splitlines()[0]) == (status, message)


def test_a_configuration_cannot_be_reloaded_unless_a_flag_allows_it(server: Server) -> None:
    request = messages.ReloadConfigRequest(config={"model_config_list": {}})
    assert refused(server.call, "ModelService/HandleReloadConfigRequest", request) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "HandleReloadConfigRequest is off: start the server with --enable_reload_config",
    )
