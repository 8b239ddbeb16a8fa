"""Options of answers, and outputs that no model of the other tests gives."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.support.example_models import example_models
from tests.support.model_server import predict_request

from fogline_model_server import messages
from fogline_model_server.answers import classify, infer, predict, regress, reload
from fogline_model_server.catalog import Catalog, ModelVersion, ServedModel
from fogline_model_server.dtypes import Array
from fogline_model_server.engines import load
from fogline_model_server.errors import Code, ServingError
from fogline_model_server.limits import LIMITS
from fogline_model_server.rest.answer import answer
from fogline_model_server.serving import AnswerOptions, Serving

ROWS = np.ones((2, 3), np.float32)
FEATURE = {"x": {"float_list": {"value": [1, 2, 3]}}}
EXAMPLES = {"example_list": {"examples": [{"features": {"feature": FEATURE}}]}}
WRONG_METHOD = (
    "Expected {} signature method_name to be tensorflow/serving/{}. Was: tensorflow/serving/predict"
)
NO_LIST = (
    "ServerModelConfig type not supported by HandleReloadConfigRequest. "
    "Only ModelConfigList is currently supported"
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    version = ModelVersion(1, load(example_models() / "tflite" / "1"))
    return Catalog({"tiny": ServedModel((version,), ())})


def strings(*shape: int) -> Array:
    return np.full(shape, b"a", object)


def floats(*shape: int) -> Array:
    return np.ones(shape, np.float32)


def refused(call: Callable[..., object], *arguments: Any) -> tuple[Code, str]:
    with pytest.raises(ServingError) as caught:
        call(*arguments)
    return caught.value.code, caught.value.message


def test_predict_answers_with_tensor_content_when_the_flag_is_set(catalog: Catalog) -> None:
    response = predict.answer(
        Serving(catalog, AnswerOptions(tensor_content=True)), predict_request({"x": ROWS})
    )
    scores, classes = response.outputs["scores"], response.outputs["classes"]
    assert np.frombuffer(scores.tensor_content, np.float32).tolist() == [2] * 6
    assert (list(scores.float_val), classes.string_val[0]) == ([], b"low")


def test_method_names_of_signatures_count_when_the_flag_is_set(catalog: Catalog) -> None:
    strict = Serving(catalog, AnswerOptions(check_method_names=True))
    assert predict.answer(strict, predict_request({"x": ROWS})).outputs
    spec = {"name": "tiny", "signature_name": "regress"}
    task = {"model_spec": spec, "method_name": "tensorflow/serving/regress"}
    for call, request, words in (
        (
            classify.answer,
            messages.ClassificationRequest(model_spec={"name": "tiny"}, input=EXAMPLES),
            ("classification", "classify"),
        ),
        (
            regress.answer,
            messages.RegressionRequest(model_spec=spec, input=EXAMPLES),
            ("regression", "regress"),
        ),
        (
            infer.answer,
            messages.MultiInferenceRequest(tasks=[task], input=EXAMPLES),
            ("regression", "regress"),
        ),
    ):
        expected = Code.INVALID_ARGUMENT, WRONG_METHOD.format(*words)
        assert refused(call, strict, request) == expected


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"scores": floats(2)}, "Expected Tensor shape: [batch_size num_classes] but got [2]"),
        ({"classes": strings(2, 1, 1)}, "Expected Tensor shape: [batch_size num_classes] but got [2,1,1]"),
        ({"classes": floats(2, 3)}, "Expected classes Tensor of DT_STRING. Got: DT_FLOAT"),
        ({"scores": floats(2, 3).astype(np.float64)}, "Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE"),
        ({"scores": floats(3, 3)}, "Expected scores output batch size of 2. Got: 3"),
        ({"classes": strings(1, 3)}, "Expected classes output batch size of 2. Got: 1"),
        (
            {"classes": strings(2, 3), "scores": floats(2, 2)},
            "Tensors class and score should match in dim_size(1). Got 3 vs. 2",
        ),
    ],
)
def test_outputs_that_are_no_classification_are_refused(outputs: dict[str, Array], message: str) -> None:
    found = refused(classify.fill, messages.ClassificationResponse().result, 2, outputs)
    assert found == (Code.INVALID_ARGUMENT, message)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (floats(), "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got []"),
        (
            floats(2, 2),
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2]",
        ),
        (floats(3), "Input batch size did not match output batch size: 2 vs. 3"),
        (floats(2).astype(np.int64), "Expected output Tensor of DT_FLOAT.  Got: DT_INT64"),
    ],
)
def test_an_output_that_is_no_regression_is_refused(output: Array, message: str) -> None:
    found = refused(regress.fill, messages.RegressionResponse().result, 2, {"outputs": output})
    assert found == (Code.INVALID_ARGUMENT, message)


def test_the_number_of_examples_is_limited(catalog: Catalog) -> None:
    spec = {"name": "tiny", "signature_name": "regress"}
    request = messages.RegressionRequest(model_spec=spec)
    request.input.example_list.examples.extend([messages.Example()] * (LIMITS.examples + 1))
    message = f"Input has {LIMITS.examples + 1} examples, allowed are {LIMITS.examples}"
    assert refused(regress.answer, Serving(catalog), request) == (Code.INVALID_ARGUMENT, message)
    body = b'{"examples": [' + b",".join([b"{}"] * (LIMITS.examples + 1)) + b"]}"
    reply = answer(Serving(catalog), "POST", "/v1/models/tiny:classify", body)
    assert (reply.status, json.loads(reply.body)) == (400, {"error": message})


def test_a_label_that_is_no_text_does_not_spoil_the_answer() -> None:
    result = messages.ClassificationResponse().result
    classify.fill(result, 1, {"classes": np.array([[b"\xff"]], object)})
    assert result.classifications[0].classes[0].label == "\ufffd"


def test_a_reload_hands_over_the_configuration_and_says_that_all_is_well(catalog: Catalog) -> None:
    serving = Serving(catalog)
    taken: list[Any] = []
    serving.reload = taken.append
    request = messages.ReloadConfigRequest(config={"model_config_list": {"config": [{"name": "m"}]}})
    response = reload.answer(serving, request)
    assert taken == [request.config]
    assert (response.status.error_code, response.HasField("status")) == (0, True)


def test_only_a_list_of_models_can_be_reloaded(catalog: Catalog) -> None:
    serving = Serving(catalog)
    serving.reload = list[Any]().append
    configs: tuple[dict[str, Any], ...] = ({}, {"custom_model_config": {}})
    for config in configs:
        request = messages.ReloadConfigRequest(config=config)
        assert refused(reload.answer, serving, request) == (Code.INVALID_ARGUMENT, NO_LIST)
