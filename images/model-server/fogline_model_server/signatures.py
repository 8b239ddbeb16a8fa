"""What a model takes and gives, whichever engine runs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fogline_model_server.dtypes import Array

DEFAULT_SIGNATURE = "serving_default"
PREDICT_METHOD = "tensorflow/serving/predict"
CLASSIFY_METHOD = "tensorflow/serving/classify"
REGRESS_METHOD = "tensorflow/serving/regress"
METHODS = (PREDICT_METHOD, CLASSIFY_METHOD, REGRESS_METHOD)
"""What a signature may say that it is for."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One input or output of a signature."""

    name: str
    """Tensor in the model's graph."""
    dtype: int
    """tensorflow.DataType, as a number: a SavedModel may use types that no request can carry."""
    shape: tuple[int, ...] | None
    """-1 is a dimension of any size; None an unknown rank."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a model: inputs and outputs by their names on the wire."""

    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]
    method_name: str = PREDICT_METHOD
    takes_examples: bool = False
    """The only input is a vector of serialized tf.Example messages, which the model parses itself."""
    defaults: Mapping[str, Array] = field(default_factory=dict)
    """Values of inputs that a request may leave out."""
