"""Flags that change answers, on their way from the command line to the client."""

import http.client
from collections.abc import Iterator

import grpc
import numpy as np
import pytest
from tests.support.example_models import example_models
from tests.support.model_server import Server, predict_request, running

from fogline_model_server import messages
from fogline_model_server.settings import Front

FLAGS = (
    "--enable_serialization_as_tensor_content",
    "--enable_signature_method_name_check",
    "--rest_api_enable_cors_support",
)


@pytest.fixture(scope="module", params=list(Front))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("flags") / "server.log"
    with running(example_models() / "tflite", log, f"--front={request.param}", *FLAGS) as started:
        yield started


def test_predict_answers_with_tensor_content_time_after_time(server: Server) -> None:
    for number in (1, 2, 3):
        request = predict_request({"x": np.full((1, 3), number, np.float32)}, output_filter=["scores"])
        scores = server.call("PredictionService/Predict", request).outputs["scores"]
        assert np.frombuffer(scores.tensor_content, np.float32).tolist() == [2 * number] * 3
        assert not scores.float_val


def test_classify_looks_at_the_method_name(server: Server) -> None:
    request = messages.ClassificationRequest(model_spec={"name": "tiny"})
    with pytest.raises(grpc.RpcError) as caught:
        server.call("PredictionService/Classify", request)
    assert str(caught.value.details()).startswith("Expected classification signature method_name to be")


def test_pages_of_other_origins_may_call(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=30)
    for method in ("OPTIONS", "GET"):
        connection.request(method, "/v1/models/tiny")
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Access-Control-Allow-Methods"] == "POST, GET"
    connection.close()
