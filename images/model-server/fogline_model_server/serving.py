"""What all front ends and the loader of models share."""

from fogline_model_server.catalog import Catalog
from fogline_model_server.errors import Code
from fogline_model_server.metrics.meter import Meter


class Serving:
    """Holds what is served now, and what is known about how it goes.

    A catalog is an immutable value that is replaced as a whole, so a request that has read it once keeps what
    it has seen, in any thread.
    """

    def __init__(self, catalog: Catalog, *, metrics_path: str | None = None) -> None:
        self.catalog = catalog
        self.meter = Meter()
        self.metrics_path = metrics_path
        """Where Prometheus reads the metrics, on the REST port; None where it does not."""

    def observe(self, model: str, api: str, entrypoint: str, code: Code | None, seconds: float) -> None:
        """Take note of an inference that is over; see `Meter.request`.

        The model may have any name, since clients make them up.
        """
        if model in self.catalog.models:
            self.meter.request(model, api, entrypoint, code, seconds)
        else:
            self.meter.unknown_models.add()
