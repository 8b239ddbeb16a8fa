"""What Prometheus sees of the operator."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from fogline.api import MoveResult, PastMove
from fogline.conditions import Reason
from fogline.duty import Duty
from fogline.guard import Guard
from fogline.metrics.fleet import MODEL_COST, SUMS, UNNAMED, Fleet
from fogline.metrics.instruments import Described, Instruments, Reading
from fogline.metrics.requests import RequestMetrics
from fogline.mistakes import Part
from fogline.outlook import Outlook
from fogline.units import parse_usd

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_RUN_SECONDS = (30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400)
_MOVE_SECONDS = (1, 2.5, 5, 10, 15, 20, 30, 60, 120, 300, 600)

OTHER = "Other"
"""For a reason that is none of ours."""

SILENCE = Described(
    "fogline_view_silent_seconds",
    "gauge",
    "Time since anything was heard of a kind of object; API servers send a sign of life every minute.",
    ("resource",),
)
UNRENEWED = Described(
    "fogline_lease_unrenewed_seconds",
    "gauge",
    "Time since the leader renewed its Lease; of the leader only.",
)
GAP = Described(
    "fogline_cost_gap_ratio",
    "gauge",
    "How far the replicas were above a cost that no plan can beat when all models were planned last: 0.03 is"
    " 3 %. There is none before the first plan.",
)
WAITING = Described(
    "fogline_models_waiting",
    "gauge",
    "ModelDeployments that wait for their turn, by loop: reconcile (a pass), place (their gated pods), move.",
    ("loop",),
)
NODES = Described(
    "fogline_nodes",
    "gauge",
    "Nodes by tier, and whether they are Ready and not cordoned.",
    ("tier", "usable"),
)


class Metrics:
    """The metrics of one operator process.

    Parameters
    ----------
    most_named
        How many models have metrics of their own, with their names as labels; None: none have.
    """

    def __init__(self, most_named: int | None = None) -> None:
        self.instruments = make = Instruments()
        self.fleet = Fleet(most_named)
        self.requests = RequestMetrics(make)
        self._duty: Duty | None = None
        self.gate_to_pin = make.histogram(
            "fogline_gate_to_pin_seconds", "From seeing a gated pod to its pin being written.", _SECONDS
        )
        self.decisions = make.counter(
            "fogline_decisions_total",
            "Gated pods that were decided, by result: pinned, opened without a pin, waiting.",
            "result",
        )
        for result in ("pinned", "opened", "waiting"):
            self.decisions.labels(result)
        self.rejections = make.counter(
            "fogline_rejections_total",
            "Refused nodes of decisions that found no node, by reason.",
            "reason",
        )
        self.passes = make.histogram(
            "fogline_reconcile_seconds", "Duration of one pass over a ModelDeployment.", _SECONDS
        )
        self.failures = make.counter(
            "fogline_reconcile_failures_total", "Passes that ended in an error and are tried again."
        )
        self.model_errors = make.counter(
            "fogline_model_errors_total",
            "Mistakes of Fogline with one model or several, which it then leaves as they are, by part of the"
            " operator; its log has the traceback.",
            "part",
        )
        for part in Part:
            self.model_errors.labels(
                part.value
            )  # at 0, so that Prometheus sees the first mistake as an increase
        self.models = make.gauge("fogline_modeldeployments", "ModelDeployments known.")
        self.moves = make.counter(
            "fogline_moves_total",
            "Moves of replicas that have ended, by result and reason.",
            "result",
            "reason",
        )
        self.move_seconds = make.histogram(
            "fogline_move_seconds",
            "From the mark on the old replica until it stopped serving; completed moves only.",
            _MOVE_SECONDS,
        )
        self.saved = make.counter(
            "fogline_moves_saved_dollars_per_hour_total",
            "US dollars per hour that completed moves were to save when they were decided, latency counted as"
            " the objective does; forced moves aside.",
        )
        self.moves_active = make.gauge("fogline_moves_active", "Moves that run now.")
        self.moves_held = make.gauge(
            "fogline_moves_held",
            "Moves that are called for or worth it and do not start now, by what they wait for.",
            "reason",
        )
        self.violations = make.gauge(
            "fogline_placement_violations",
            "Replicas on nodes whose clearance is below their data sensitivity now.",
        )
        self._policies_missing = make.gauge(
            "fogline_policies_missing",
            "Admission policies of Fogline that are missing or deny nothing; while there are any, nothing of"
            " data sensitivity Confidential or higher is placed or trained.",
        )
        self.profiles = make.gauge(
            "fogline_nodeprofiles",
            "NodeProfiles known, by the reason why they take effect or not.",
            "reason",
        )
        self.trainings = make.gauge(
            "fogline_modeltrainings",
            "ModelTrainings known, by the reason why their last run is complete or not.",
            "reason",
        )
        self.training_runs = make.counter(
            "fogline_training_runs_total",
            "Runs of ModelTrainings that have ended, by reason: RunPublished, or why not.",
            "reason",
        )
        self.training_runs.labels(Reason.RUN_PUBLISHED)
        self.training_run_seconds = make.histogram(
            "fogline_training_run_seconds",
            "From the beginning of a run of a ModelTraining to its end, well or not.",
            _RUN_SECONDS,
        )
        self.training_workers = make.gauge(
            "fogline_training_workers", "Workers of ModelTrainings that train and say how far they are."
        )
        self.training_rate = make.gauge(
            "fogline_training_samples_per_second",
            "Samples that all ModelTrainings together train on per second, as their workers say.",
        )
        self.collector_wanted = make.gauge(
            "fogline_collector_wanted",
            "1 where FOGLINE_COLLECTOR_URL names a collector, whose figures new versions are judged by.",
        )
        self._leading = make.gauge("fogline_leading", "1 for the replica that decides, 0 for a standby.")
        self._troubled = make.gauge(
            "fogline_view_troubled",
            "1 while nothing is decided because the view of the cluster may be wrong; /readyz says why.",
        )
        for metric in SUMS:
            make.read(metric, partial(self._of_leader, partial(self.fleet.sums, metric)))
        make.read(MODEL_COST, lambda: self._of_leader(self.fleet.named))
        make.read(UNNAMED, lambda: self._of_leader(self.fleet.unnamed))

    def follow(self, duty: Duty, unrenewed_seconds: Callable[[], float | None]) -> None:
        """Show from now on what a duty says, and how old the Lease is.

        Figures of all models together come from the leader alone, so that they can be added up.
        """
        self._duty = duty
        self._leading.set_function(lambda: float(duty.is_leading()))
        self._troubled.set_function(lambda: float(duty.trouble() is not None))
        self.instruments.read(
            SILENCE, lambda: [((source.plural,), source.silent_seconds) for source in duty.sources]
        )
        self.instruments.read(UNRENEWED, lambda: _if_known(unrenewed_seconds()))

    def watch(self, guard: Guard) -> None:
        """Show from now on what a guard finds."""
        self._policies_missing.set_function(lambda: float(guard.defects))

    def follow_work(
        self,
        outlook: Outlook,
        waiting: Mapping[str, Callable[[], int]],
        nodes: Callable[[], Iterable[Reading]],
    ) -> None:
        """Show from now on how good the cluster is, how many models wait in each loop, and the nodes."""

        def gap() -> list[Reading]:
            return _if_known(None if outlook.gap_percent is None else outlook.gap_percent / 100)

        self.instruments.read(GAP, lambda: self._of_leader(gap))
        self.instruments.read(
            WAITING, lambda: self._of_leader(lambda: [((loop,), count()) for loop, count in waiting.items()])
        )
        self.instruments.read(NODES, nodes)

    def mistake(self, part: Part) -> None:
        """Count a mistake of ours."""
        self.model_errors.labels(part.value).inc()

    def moves_ended(self, news: Iterable[PastMove]) -> None:
        """Count moves that the status tells of from now on."""
        for move in news:
            self.moves.labels(move.result.value, _of_ours(move.reason)).inc()
            if move.result is MoveResult.COMPLETED:
                self.move_seconds.observe(move.seconds)
                self.saved.inc(float(parse_usd(move.saving_per_hour or "0")))

    def _of_leader(self, read: Callable[[], Iterable[Reading]]) -> Iterable[Reading]:
        return read() if self._duty is None or self._duty.is_leading() else ()


def _of_ours(reason: str) -> str:
    """Give a reason that was read from an annotation, which anybody who may write pods may have changed."""
    return reason if reason in frozenset(Reason) else OTHER


def _if_known(value: float | None) -> list[Reading]:
    return [] if value is None else [((), value)]
