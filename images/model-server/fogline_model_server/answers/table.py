"""The methods that are answered, by service and name."""

from collections.abc import Callable, Mapping
from typing import Any

from fogline_model_server.admission import RELOAD
from fogline_model_server.answers import classify, health, infer, inform, predict, regress, reload
from fogline_model_server.answers.observed import observed
from fogline_model_server.messages import HEALTH, SERVICES
from fogline_model_server.serving import Serving

Answer = Callable[[Serving, Any], Any]
"""From a request message to a response message; raises ServingError."""

ANSWERS: Mapping[str, Answer] = {
    "tensorflow.serving.PredictionService/Classify": observed(classify.API, classify.answer),
    "tensorflow.serving.PredictionService/Regress": observed(regress.API, regress.answer),
    "tensorflow.serving.PredictionService/Predict": observed(predict.API, predict.answer),
    "tensorflow.serving.PredictionService/MultiInference": infer.answer,
    "tensorflow.serving.PredictionService/GetModelMetadata": inform.answer_metadata,
    "tensorflow.serving.ModelService/GetModelStatus": inform.answer_status,
    RELOAD: reload.answer,
    "grpc.health.v1.Health/Check": health.check,
    "grpc.health.v1.Health/Watch": health.watched,
}
INFORMING = frozenset(
    {
        "tensorflow.serving.PredictionService/GetModelMetadata",
        "tensorflow.serving.ModelService/GetModelStatus",
        "grpc.health.v1.Health/Check",
    }
)
"""No model runs for these, so they never take long."""
WATCHING = frozenset({"grpc.health.v1.Health/Watch"})
"""Their calls go on: clients hear the answer anew whenever it has changed."""
WAITING = frozenset({RELOAD})
"""They wait for models to load, so they must not take the place of requests that compute."""
WAITING_CALLS = 8
"""Of those, at a time."""


def services(serving: Serving) -> tuple[Any, ...]:
    """Return the descriptors of the services that a server has."""
    return (*SERVICES, HEALTH) if serving.options.health else SERVICES
