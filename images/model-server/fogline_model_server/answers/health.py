"""What grpc.health.v1.Health answers: whether predictions work."""

from typing import Any

from fogline_model_server.errors import Code, ServingError
from fogline_model_server.messages import SERVICES, HealthCheckResponse
from fogline_model_server.serving import Serving

_NAMES = frozenset({"", *(service.full_name for service in SERVICES)})
"""What may be asked for; empty is the server as a whole. All are healthy together."""


def check(serving: Serving, request: Any) -> Any:
    """Answer a HealthCheckRequest.

    Raises
    ------
    ServingError
        NOT_FOUND: there is no such service.

    """
    if request.service not in _NAMES:
        raise ServingError(Code.NOT_FOUND, "unknown service")
    return HealthCheckResponse(status=_status(serving))


def watched(serving: Serving, request: Any) -> Any:
    """Return what Watch tells at this moment; of a service that is not there it says so."""
    if request.service not in _NAMES:
        return HealthCheckResponse(status=HealthCheckResponse.SERVICE_UNKNOWN)
    return HealthCheckResponse(status=_status(serving))


def _status(serving: Serving) -> int:
    works = is_ready(serving)
    status: int = HealthCheckResponse.SERVING if works else HealthCheckResponse.NOT_SERVING
    return status


def is_ready(serving: Serving) -> bool:
    """Tell whether each configured model has a version that answers."""
    models = [model for model in serving.catalog.models.values() if model.configured]
    return not serving.draining and all(model.available for model in models)
