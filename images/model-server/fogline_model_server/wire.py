"""Predict without messages, for requests like one that was answered before.

Reading and writing protobuf takes several times as long as a small model needs. But most requests to a model
differ only in the values of their tensors, which stand in the request as the processor has them in memory. So
the first request of a kind goes through the messages; what is not values in it and in its answer is
remembered, as `pieces` of bytes. A request with the same pieces means the same, so only its values are read,
and an answer of the same shapes has the same pieces around its values.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fogline_model_server import pieces
from fogline_model_server.answers import predict
from fogline_model_server.answers import spec as specs
from fogline_model_server.answers.observed import GRPC, Inference, observe
from fogline_model_server.answers.table import ANSWERS
from fogline_model_server.catalog import Catalog
from fogline_model_server.dtypes import Array
from fogline_model_server.messages import PredictRequest
from fogline_model_server.pieces import Pieces
from fogline_model_server.serving import AnswerOptions, Serving
from fogline_model_server.tensors import to_array

PREDICT = "tensorflow.serving.PredictionService/Predict"
_LENGTHS = 256
_KINDS_OF_ONE_LENGTH = 8
_SHAPES = 64
_FIXED_BYTES = 4096
"""Longest bytes around the values that are remembered."""


_Shapes = tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What requests of one kind have in common."""

    inference: Inference
    call: predict.Call
    request: Pieces
    inputs: tuple[tuple[str, np.dtype[Any], tuple[int, ...]], ...]
    """Alias, element type and shape, in the order of `request`."""
    answers: dict[_Shapes, Pieces | None] = field(default_factory=dict)
    """By element types and shapes of the outputs; None where values are not sent as they are in memory."""


class Predictor:
    """Answers Predict, from bytes to bytes. Safe to use from several threads."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._forget()
        serving.on_change(self._forget)

    def _forget(self) -> None:
        """Let go of a catalog that is no longer served, so that its models can be unloaded."""
        self._known: tuple[Catalog, dict[int, list[_Kind]]] = (self._serving.catalog, {})

    def answer(self, message: bytes) -> bytes:
        """Return the PredictResponse of a PredictRequest.

        Raises
        ------
        DecodeError
            It is none.
        ServingError
            As `predict.answer`.

        """
        catalog, kinds = self._known
        for kind in kinds.get(len(message), ()):
            values = kind.request.values(message)
            if values is not None:
                return observe(self._serving, kind.inference, _answer, kind, values)
        return self._answer_new(catalog, kinds, message)

    def _answer_new(self, catalog: Catalog, kinds: dict[int, list[_Kind]], message: bytes) -> bytes:
        request = PredictRequest.FromString(message)
        answered: bytes = ANSWERS[PREDICT](self._serving, request).SerializeToString()
        cut = pieces.of_request(message)
        # With another catalog by now, nobody can say which one has answered.
        kind = None
        if cut and self._serving.catalog is catalog:
            kind = _kind(catalog, self._serving.options, request, cut)
        if kind:
            if len(kinds) >= _LENGTHS:
                kinds.clear()
            kinds[len(message)] = [kind, *kinds.get(len(message), [])][:_KINDS_OF_ONE_LENGTH]
        return answered


def _kind(catalog: Catalog, options: AnswerOptions, request: Any, cut: Pieces) -> _Kind | None:
    """Describe a request that was answered; None when values are missing or too much is around them."""
    if sum(len(part) for _, part in cut.fixed) > _FIXED_BYTES:
        return None
    spec = specs.of(request.model_spec)
    arrays = {alias: to_array(proto, alias) for alias, proto in request.inputs.items()}
    inputs = []
    for alias, (start, end) in zip(cut.aliases, cut.spans, strict=True):
        array = arrays.get(alias)
        if array is None or array.nbytes != end - start:
            return None
        inputs.append((alias, array.dtype, array.shape))
    call = predict.prepare(catalog, options, spec, arrays.keys(), request.output_filter)
    return _Kind(Inference(spec.name, predict.API, GRPC), call, cut, tuple(inputs))


def _answer(kind: _Kind, values: list[bytes]) -> bytes:
    inputs = {
        alias: np.frombuffer(value, dtype).reshape(shape)
        for (alias, dtype, shape), value in zip(kind.inputs, values, strict=True)
    }
    outputs = predict.run(kind.call, inputs)
    shapes = tuple([(array.dtype.num, array.shape) for array in outputs.values()])
    try:
        cut = kind.answers[shapes]
    except KeyError:
        return _answer_of_new_shapes(kind, outputs, shapes)
    if cut is None:
        return _whole(kind, outputs)
    return cut.joined([outputs[alias].tobytes() for alias in cut.aliases])


def _answer_of_new_shapes(kind: _Kind, outputs: dict[str, Array], shapes: _Shapes) -> bytes:
    answered = _whole(kind, outputs)
    cut = pieces.of_response(answered)
    if cut and cut.joined([outputs[alias].tobytes() for alias in cut.aliases]) != answered:
        cut = None
    if len(kind.answers) >= _SHAPES:
        kind.answers.clear()
    kind.answers[shapes] = cut
    return answered


def _whole(kind: _Kind, outputs: dict[str, Array]) -> bytes:
    answered: bytes = predict.respond(kind.inference.model, kind.call, outputs).SerializeToString()
    return answered
