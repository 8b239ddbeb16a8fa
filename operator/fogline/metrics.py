"""What Prometheus sees of the operator."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The metrics of one operator process. Labels hold reasons only, never names that users chose."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.gate_to_pin = Histogram(
            "fogline_gate_to_pin_seconds",
            "From seeing a gated pod to its pin being written.",
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.decisions = Counter(
            "fogline_decisions_total",
            "Gated pods that were decided, by result: pinned, opened without a pin, waiting.",
            ["result"],
            registry=self.registry,
        )
        self.rejections = Counter(
            "fogline_rejections_total",
            "Refused nodes of decisions that found no node, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self.passes = Histogram(
            "fogline_reconcile_seconds",
            "Duration of one pass over a ModelDeployment.",
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.failures = Counter(
            "fogline_reconcile_failures_total",
            "Passes that ended in an error and are tried again.",
            registry=self.registry,
        )
        self.models = Gauge("fogline_modeldeployments", "ModelDeployments known.", registry=self.registry)
        self.profiles = Gauge(
            "fogline_nodeprofiles",
            "NodeProfiles known, by the reason why they take effect or not.",
            ["reason"],
            registry=self.registry,
        )

    def exposition(self) -> bytes:
        """Write all metrics in the Prometheus text format."""
        return generate_latest(self.registry)
