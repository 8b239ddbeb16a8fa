"""What Prometheus sees of the operator."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from fogline.api import MoveResult, PastMove
from fogline.duty import Duty
from fogline.mistakes import Part

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_MOVE_SECONDS = (1, 2.5, 5, 10, 15, 20, 30, 60, 120, 300, 600)


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
        self.model_errors = Counter(
            "fogline_model_errors_total",
            "Mistakes of Fogline with one model or several, which it then leaves as they are, by part of the"
            " operator; its log has the traceback.",
            ["part"],
            registry=self.registry,
        )
        self.models = Gauge("fogline_modeldeployments", "ModelDeployments known.", registry=self.registry)
        self.moves = Counter(
            "fogline_moves_total",
            "Moves of replicas that have ended, by result and reason.",
            ["result", "reason"],
            registry=self.registry,
        )
        self.move_seconds = Histogram(
            "fogline_move_seconds",
            "From the mark on the old replica until it stopped serving; completed moves only.",
            registry=self.registry,
            buckets=_MOVE_SECONDS,
        )
        self.moves_active = Gauge("fogline_moves_active", "Moves that run now.", registry=self.registry)
        self.moves_held = Gauge(
            "fogline_moves_held",
            "Moves that are called for or worth it and do not start now, by what they wait for.",
            ["reason"],
            registry=self.registry,
        )
        self.violations = Gauge(
            "fogline_placement_violations",
            "Replicas on nodes whose clearance is below their data sensitivity now.",
            registry=self.registry,
        )
        self.profiles = Gauge(
            "fogline_nodeprofiles",
            "NodeProfiles known, by the reason why they take effect or not.",
            ["reason"],
            registry=self.registry,
        )
        self._leading = Gauge(
            "fogline_leading", "1 for the replica that decides, 0 for a standby.", registry=self.registry
        )
        self._troubled = Gauge(
            "fogline_view_troubled",
            "1 while nothing is decided because the view of the cluster may be wrong; /readyz says why.",
            registry=self.registry,
        )
        self._silence = Gauge(
            "fogline_view_silent_seconds",
            "Time since the kind of object that is silent for longest was heard of.",
            registry=self.registry,
        )

    def follow(self, duty: Duty) -> None:
        """Show from now on what a duty says."""
        self._leading.set_function(lambda: float(duty.is_leading()))
        self._troubled.set_function(lambda: float(duty.trouble() is not None))
        self._silence.set_function(lambda: duty.silent_seconds)

    def mistake(self, part: Part) -> None:
        """Count a mistake of ours."""
        self.model_errors.labels(part.value).inc()

    def moves_ended(self, news: Iterable[PastMove]) -> None:
        """Count moves that the status tells of from now on."""
        for move in news:
            self.moves.labels(move.result.value, move.reason).inc()
            if move.result is MoveResult.COMPLETED:
                self.move_seconds.observe(move.seconds)

    def exposition(self) -> bytes:
        """Write all metrics in the Prometheus text format."""
        return generate_latest(self.registry)
