"""How long requests to the API server take, and how long they wait for our own rates."""

from http import HTTPStatus

from fogline.cluster.limiter import Lane
from fogline.cluster.observer import Request
from fogline.metrics.instruments import Instruments

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class RequestMetrics:
    """Is told of every request of a `fogline.cluster.client.Client`. kopf has a client of its own."""

    def __init__(self, make: Instruments) -> None:
        self._seconds = make.histogram(
            "fogline_api_request_seconds",
            "From sending a request to the API server to the last byte of its answer, watches aside; by"
            " HTTP method and resource.",
            _SECONDS,
            "verb",
            "resource",
        )
        self._requests = make.counter(
            "fogline_api_requests_total",
            "Requests to the API server, each try, by HTTP method or WATCH, resource, and class of the"
            " status; none: no answer, or only a part of it.",
            "verb",
            "resource",
            "code",
        )
        self._waits = make.histogram(
            "fogline_api_wait_seconds",
            "For how long a request waits for a rate of ours before it leaves; decisions have a rate of"
            " their own.",
            _SECONDS,
            "lane",
        )

    def waited(self, lane: Lane, seconds: float) -> None:
        """Count how long a request waited for our own rates."""
        self._waits.labels(lane.name.lower()).observe(seconds)

    def answered(self, request: Request, status: int, seconds: float) -> None:
        """Count one try of a request; status 0 is no answer."""
        code = f"{status // HTTPStatus.CONTINUE}xx" if status else "none"
        self._requests.labels(request.verb, request.resource, code).inc()
        if not request.is_watch:
            self._seconds.labels(request.verb, request.resource).observe(seconds)
