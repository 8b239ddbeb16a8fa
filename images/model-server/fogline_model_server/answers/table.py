"""The methods that are answered, by service and name."""

from collections.abc import Callable, Mapping
from typing import Any

from fogline_model_server.answers import classify, infer, inform, predict, regress, reload
from fogline_model_server.answers.observed import observed
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
    "tensorflow.serving.ModelService/HandleReloadConfigRequest": reload.answer,
}
