"""Inference that is counted and timed, whichever front end carries it."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from fogline_model_server.errors import Code, ServingError
from fogline_model_server.serving import Serving

GRPC, REST = "GRPC", "REST"
"""Entry points, as TensorFlow Serving's metrics name them."""

Result = TypeVar("Result")


class Inference(NamedTuple):
    """What an inference is counted as."""

    model: str
    """Any name, since clients make them up."""
    api: str
    entrypoint: str


def observe(
    serving: Serving, inference: Inference, function: Callable[..., Result], *arguments: object
) -> Result:
    """Call a function that infers, and take note of how it went and how long it took."""
    began = time.perf_counter()
    code: Code | None = Code.INTERNAL
    try:
        result = function(*arguments)
        code = None
    except ServingError as error:
        code = error.code
        raise
    finally:
        serving.observe(*inference, code, time.perf_counter() - began)
    return result


def observed(api: str, answer: Callable[[Serving, Any], Any]) -> Callable[[Serving, Any], Any]:
    """Return the same answer to gRPC, observed; the request is one with a model_spec of its own."""

    def observing(serving: Serving, request: Any) -> Any:
        return observe(serving, Inference(request.model_spec.name, api, GRPC), answer, serving, request)

    return observing
