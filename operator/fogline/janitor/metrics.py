"""What Prometheus sees of the janitor."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class JanitorMetrics:
    """The metrics of one janitor process."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.absence = Gauge(
            "fogline_janitor_operator_absent_seconds",
            "For how long no operator has renewed its Lease.",
            registry=registry,
        )
        self.opened = Counter(
            "fogline_janitor_gates_opened_total", "Pods that were left to kube-scheduler.", registry=registry
        )
        self.removed = Counter(
            "fogline_janitor_failed_pods_removed_total", "Failed pods that were deleted.", registry=registry
        )
        self.loosened = Counter(
            "fogline_janitor_budgets_loosened_total",
            "Disruption budgets that were loosened by one.",
            registry=registry,
        )

    def exposition(self) -> bytes:
        """Write all metrics in the Prometheus text format."""
        return generate_latest(self._registry)
