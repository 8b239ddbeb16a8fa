"""Inference that is counted and timed, whichever gRPC front end carries it."""

import time
from collections.abc import Callable
from typing import Any

from fogline_model_server.errors import Code, ServingError
from fogline_model_server.serving import Serving

GRPC, REST = "GRPC", "REST"
"""Entry points, as TensorFlow Serving's metrics name them."""


def observed(api: str, answer: Callable[[Serving, Any], Any]) -> Callable[[Serving, Any], Any]:
    """Return the same answer, observed; the request is one with a model_spec of its own."""

    def observe(serving: Serving, request: Any) -> Any:
        began = time.perf_counter()
        code: Code | None = Code.INTERNAL
        try:
            response = answer(serving, request)
            code = None
        except ServingError as error:
            code = error.code
            raise
        finally:
            serving.observe(request.model_spec.name, api, GRPC, code, time.perf_counter() - began)
        return response

    return observe
