"""What is counted and timed."""

from collections.abc import Callable

from fogline_model_server.errors import Code
from fogline_model_server.metrics.instruments import Counter, Histograms

OK = "OK"
RUNTIME = "TF1"
"""The label that TensorFlow Serving gives to every run of a session, of .tflite files too."""


class Meter:
    """All figures that events add to; safe from several threads.

    Names of models come from clients, so whoever calls this passes only names that are configured: an unknown
    one would make a new time series for each request.
    """

    def __init__(self) -> None:
        self.refusals = Counter()
        """Requests that did not go well, by model and status; the others are counted by being timed."""
        self.unknown_models = Counter()
        """Requests for models that are not configured; no labels."""
        self.request_latencies = Histograms()
        """Of requests that were answered, by model, API and entry point."""
        self.runtime_latencies = Histograms()
        """Of the engine alone, by model, API and runtime."""
        self.warmup_latencies = Histograms()
        """By model and status."""
        self.load_latencies = Histograms()
        """Of loads that went well, by model."""
        self.load_failures = Counter()
        """By model."""
        self.connections: dict[str, Callable[[], int]] = {}
        """How many are open now, by entry point; whoever listens puts it here."""
        self.calls_waiting: Callable[[], int] = lambda: 0
        """How many requests wait for a thread, or are in one."""

    def request(self, model: str, api: str, entrypoint: str, code: Code | None, seconds: float) -> None:
        """Count an inference, and time it if it went well.

        Parameters
        ----------
        api
            ``Predict``, ``Classify``, ``Regress`` or ``MultiInference``.
        entrypoint
            ``GRPC`` or ``REST``.
        code
            None when it went well.

        """
        if code is None:
            self.request_latencies.of(model, api, entrypoint).observe(seconds)
        else:
            self.refusals.add(model, code.name)

    def requests(self) -> list[tuple[tuple[str, str], int]]:
        """Return how many inferences there were, by model and status."""
        good: dict[str, int] = {}
        for (model, *_), latencies in self.request_latencies.values():
            good[model] = good.get(model, 0) + latencies.count()
        counts = {(model, OK): count for model, count in good.items()}
        counts |= {(model, status): count for (model, status), count in self.refusals.values()}
        return sorted(counts.items())

    def ran(self, model: str, api: str, seconds: float) -> None:
        """Time an engine."""
        self.runtime_latencies.of(model, api, RUNTIME).observe(seconds)

    def warmed_up(self, model: str, code: Code | None, seconds: float) -> None:
        """Time the warm-up of a version."""
        self.warmup_latencies.of(model, OK if code is None else code.name).observe(seconds)

    def loaded(self, model: str, seconds: float) -> None:
        """Time the load of a version, warm-up included."""
        self.load_latencies.of(model).observe(seconds)

    def load_failed(self, model: str) -> None:
        """Count an attempt to load a version that failed."""
        self.load_failures.add(model)
