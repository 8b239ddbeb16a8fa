"""Warm-up: recorded requests that a version answers before anybody else asks it."""

from pathlib import Path

from google.protobuf.message import DecodeError

from fogline_model_server.answers.table import ANSWERS
from fogline_model_server.catalog import Catalog, ModelVersion, ServedModel
from fogline_model_server.errors import LoadError, ServingError
from fogline_model_server.limits import LIMITS
from fogline_model_server.messages import ModelSpec, PredictionLog
from fogline_model_server.serving import Serving
from fogline_model_server.tfrecord import DamagedFileError, records

FILE = Path("assets.extra/tf_serving_warmup_requests")
"""Within a version folder, as TensorFlow Serving has it."""
MAX_RECORDS = 1000

_NAME = "warmup"
"""Of the model, where nothing else is served."""
_METHODS = {
    "predict_log": "Predict",
    "classify_log": "Classify",
    "regress_log": "Regress",
    "multi_inference_log": "MultiInference",
}


def warm_up(folder: Path, version: ModelVersion, iterations: int) -> int:
    """Replay the warm-up records of a version folder, each so many times, and return how many there are.

    The requests mean this version, whatever model and version they name.

    Raises
    ------
    LoadError
        The file is broken or too long, or the version does not answer one of its requests.

    """
    file = folder / FILE
    if not file.is_file():
        return 0
    count = 0
    try:
        with file.open("rb") as source:
            for count, content in enumerate(records(source, LIMITS.grpc_message_bytes), start=1):
                if count > MAX_RECORDS:
                    raise LoadError(f"Number of warmup records exceeds the maximum ({MAX_RECORDS})")
                for _ in range(iterations):
                    _replay(content, version, count)
    except DamagedFileError as error:
        raise LoadError(f"the warm-up file {error}") from None
    return count


def _replay(content: bytes, version: ModelVersion, position: int) -> None:
    try:
        log = PredictionLog.FromString(content)
    except DecodeError as error:
        raise LoadError(f"warm-up record {position} is no PredictionLog") from error
    kind = log.WhichOneof("log_type")
    method = _METHODS.get(kind)
    if method is None:
        raise LoadError(f"Unsupported log_type for warmup: {kind or 'none'} (record {position})")
    request = getattr(log, kind).request
    for spec in (
        [task.model_spec for task in request.tasks] if kind == "multi_inference_log" else [request.model_spec]
    ):
        spec.CopyFrom(ModelSpec(name=_NAME, signature_name=spec.signature_name))
    alone = Serving(Catalog({_NAME: ServedModel(available=(version,), statuses=())}))
    try:
        ANSWERS[f"tensorflow.serving.PredictionService/{method}"](alone, request)
    except ServingError as error:
        raise LoadError(f"warm-up record {position} was not answered: {error}") from error
