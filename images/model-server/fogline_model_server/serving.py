"""What all front ends and the loader of models share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fogline_model_server.catalog import Catalog
from fogline_model_server.errors import Code
from fogline_model_server.metrics.meter import Meter
from fogline_model_server.request_log import RequestLog


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """How requests are answered; each is the flag of the longer name in `Settings`."""

    tensor_content: bool = False
    """Predict answers with ``tensor_content`` in place of typed fields."""
    check_method_names: bool = False
    """Classify and Regress insist on the method name of a signature."""
    health: bool = False
    """gRPC has the health service."""
    reload_from_anywhere: bool = False
    """HandleReloadConfigRequest is not only for this machine."""
    cors: bool = False
    """REST answers let pages of any origin call."""
    metrics_path: str | None = None
    """Where Prometheus reads the metrics, on the REST port; None where it does not."""


class Serving:
    """Holds what is served now, and what is known about how it goes.

    A catalog is an immutable value that is replaced as a whole, so a request that has read it once keeps what
    it has seen, in any thread. Whoever keeps anything of an old catalog beyond a request keeps its versions
    from unloading.
    """

    def __init__(self, catalog: Catalog, options: AnswerOptions = AnswerOptions()) -> None:
        self.catalog = catalog
        self.options = options
        self.meter = Meter()
        self._request_log = RequestLog()
        self.draining = False
        """The process is about to end: what has begun is answered, nothing new is."""
        self.reload: Callable[[Any], None] | None = None
        """Serve what a ModelServerConfig message says from now on; None when that is not allowed.

        Returns when each of its models has a version that answers, so it blocks for as long as loading takes:
        never call it in an event loop. Raises ServingError.
        """

        self._listeners: list[Callable[[], None]] = []

    def replace(self, catalog: Catalog) -> None:
        """Serve something else from now on."""
        self.catalog = catalog
        self._tell()

    def drain(self, catalog: Catalog) -> None:
        """Answer nothing new from now on; the catalog says so."""
        self.catalog = catalog
        self.draining = True
        self._tell()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call somebody, in the thread of the change, whenever the catalog changes or draining begins."""
        self._listeners.append(listener)

    def off_change(self, listener: Callable[[], None]) -> None:
        """Call them no more."""
        self._listeners.remove(listener)

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def observe(self, model: str, api: str, entrypoint: str, code: Code | None, seconds: float) -> None:
        """Take note of an inference that is over; see `Meter.request`.

        The model may have any name, since clients make them up.
        """
        served = self.catalog.models.get(model)
        if served is None:
            self.meter.unknown_models.add()
            return
        self.meter.request(model, api, entrypoint, code, seconds)
        if served.log_share:
            self._request_log.offer(served.log_share, model, api, entrypoint, code, seconds)
