"""Requests that a server answers before anybody else asks it, so that the first client does not wait."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fogline_model_server.messages import PredictionLog
from fogline_model_server.tensors import to_proto
from fogline_model_server.tfrecord import framed
from fogline_trainer.run_document import Features

FILE = Path("assets.extra/tf_serving_warmup_requests")
"""In a version folder; TensorFlow Serving and the model server look for it there."""
BATCHES = (1, 1, 8, 32)
"""Rows of the requests."""


def write(folder: Path, features: Features, samples: NDArray[np.float32]) -> None:
    """Write requests of real samples into a version folder.

    Parameters
    ----------
    samples
        As the model sees them; repeated when there are too few.
    """
    file = folder / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(framed(_record(features, samples, rows)) for rows in BATCHES))


def _record(features: Features, samples: NDArray[np.float32], rows: int) -> bytes:
    log = PredictionLog()
    request = log.predict_log.request
    request.inputs[features.name].CopyFrom(to_proto(np.resize(samples, (rows, *samples.shape[1:]))))
    return bytes(log.SerializeToString())
