"""What Prometheus sees of the janitor."""

from fogline.metrics.instruments import Instruments


class JanitorMetrics:
    """The metrics of one janitor process."""

    def __init__(self) -> None:
        self.instruments = make = Instruments()
        self.absence = make.gauge(
            "fogline_janitor_operator_absent_seconds", "For how long no operator has renewed its Lease."
        )
        self.opened = make.counter(
            "fogline_janitor_gates_opened_total", "Pods that were left to kube-scheduler."
        )
        self.removed = make.counter(
            "fogline_janitor_failed_pods_removed_total", "Failed pods that were deleted."
        )
        self.loosened = make.counter(
            "fogline_janitor_budgets_loosened_total", "Disruption budgets that were loosened by one."
        )
