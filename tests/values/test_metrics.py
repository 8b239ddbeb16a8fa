"""What Prometheus sees of the operator."""

import re
import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from dev.paths import ROOT
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import fogline
from fogline.api import Condition, ConditionStatus, MoveResult, PastMove, Tier
from fogline.cluster.limiter import Lane
from fogline.cluster.observer import WATCH, Request
from fogline.duty import Duty
from fogline.metrics.figures import LatencyOutcome, ModelFigures
from fogline.metrics.operator import Metrics
from fogline.names import ModelKey
from fogline.outlook import Outlook

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DIGITS = ModelKey("default", "digits")
DEAR = ModelFigures(
    cost_per_hour={Tier.CLOUD: Decimal("1.5"), Tier.EDGE: Decimal("0.1")},
    desired={Tier.CLOUD: 2, Tier.EDGE: 1},
    ready={Tier.CLOUD: 1, Tier.EDGE: 1},
    gated=1,
    latency={LatencyOutcome.MET: 2, LatencyOutcome.MISSED: 1},
    conditions=(("Ready", "False", "ReplicasNotReady"),),
)


def past(
    result: MoveResult, seconds: int, *, reason: str = "NodeCordoned", saving: str | None = None
) -> PastMove:
    return PastMove(
        id="m1",
        result=result,
        source="a",
        target="b",
        variant="cloud",
        reason=reason,
        saving_per_hour=saving,
        started_at=NOW,
        seconds=seconds,
    )


def text(metrics: Metrics) -> str:
    return metrics.instruments.page()[0].decode()


def series(metrics: Metrics, prefix: str) -> list[str]:
    """Give the lines of metrics that begin with something, without the values that are 0."""
    return [line for line in text(metrics).splitlines() if line.startswith(prefix) and line[-4:] != " 0.0"]


def test_moves_are_counted_by_result_and_reason_and_timed_when_they_were_completed() -> None:
    metrics = Metrics()
    metrics.moves_ended([past(MoveResult.COMPLETED, 12), past(MoveResult.ABORTED, 600)])
    assert 'fogline_moves_total{reason="NodeCordoned",result="Completed"} 1.0' in text(metrics)
    assert 'fogline_moves_total{reason="NodeCordoned",result="Aborted"} 1.0' in text(metrics)
    assert "fogline_move_seconds_sum 12.0" in text(metrics)
    assert "fogline_move_seconds_count 1.0" in text(metrics)


def test_what_completed_moves_save_is_added_up() -> None:
    metrics = Metrics()
    metrics.moves_ended(
        [
            past(MoveResult.COMPLETED, 1, saving="0.25"),
            past(MoveResult.COMPLETED, 1, saving="0.5"),
            past(MoveResult.COMPLETED, 1),
            past(MoveResult.ABORTED, 1, saving="9"),
        ]
    )
    assert series(metrics, "fogline_moves_saved") == ["fogline_moves_saved_dollars_per_hour_total 0.75"]


def test_a_reason_that_somebody_wrote_on_a_pod_makes_no_series_of_its_own() -> None:
    metrics = Metrics()
    metrics.moves_ended([past(MoveResult.COMPLETED, 1, reason=f"Secret{number}") for number in range(3)])
    assert series(metrics, "fogline_moves_total") == [
        'fogline_moves_total{reason="Other",result="Completed"} 3.0'
    ]


def test_models_are_added_up_by_tier_and_leave_when_they_are_gone() -> None:
    metrics, other = Metrics(), ModelKey("default", "other")
    metrics.fleet.put(DIGITS, DEAR)
    metrics.fleet.put(other, DEAR)
    metrics.fleet.put(other, ModelFigures(cost_per_hour={Tier.CLOUD: Decimal("0.5")}))
    assert series(metrics, "fogline_cost") == [
        'fogline_cost_dollars_per_hour{tier="Cloud"} 2.0',
        'fogline_cost_dollars_per_hour{tier="Edge"} 0.1',
    ]
    assert series(metrics, "fogline_replicas") == [
        'fogline_replicas_desired{tier="Cloud"} 2.0',
        'fogline_replicas_desired{tier="Edge"} 1.0',
        'fogline_replicas_ready{tier="Cloud"} 1.0',
        'fogline_replicas_ready{tier="Edge"} 1.0',
        "fogline_replicas_gated 1.0",
    ]
    assert series(metrics, "fogline_latency") == [
        'fogline_latency_target_replicas{outcome="met"} 2.0',
        'fogline_latency_target_replicas{outcome="missed"} 1.0',
    ]
    metrics.fleet.forget(DIGITS)
    metrics.fleet.forget(other)
    metrics.fleet.forget(ModelKey("default", "never-seen"))
    for prefix in ("fogline_cost", "fogline_replicas", "fogline_latency", "fogline_modeldeployment_c"):
        assert series(metrics, prefix) == []


def test_series_by_tier_are_there_before_the_first_model() -> None:
    assert 'fogline_cost_dollars_per_hour{tier="Edge"} 0.0' in text(Metrics())


def test_a_model_that_cannot_be_decided_on_keeps_its_cost_and_changes_its_conditions() -> None:
    metrics = Metrics()
    metrics.fleet.put(DIGITS, DEAR)
    condition = Condition(
        type="Ready",
        status=ConditionStatus.UNKNOWN,
        reason="InternalError",
        message="",
        last_transition_time=NOW,
    )
    metrics.fleet.judge(DIGITS, [condition])
    assert series(metrics, "fogline_modeldeployment_conditions") == [
        'fogline_modeldeployment_conditions{reason="InternalError",status="Unknown",type="Ready"} 1.0'
    ]
    assert 'fogline_cost_dollars_per_hour{tier="Cloud"} 1.5' in text(metrics)


def test_a_standby_tells_nothing_of_the_models() -> None:
    metrics, duty = Metrics(), Duty(stale_seconds=90)
    metrics.follow(duty, lambda: 1.5)
    metrics.follow_work(Outlook(lambda _: None), {"place": lambda: 3}, list)
    metrics.fleet.put(DIGITS, DEAR)
    assert series(metrics, "fogline_cost") == []
    assert series(metrics, "fogline_models_waiting") == []
    duty.is_leading = lambda: True
    assert series(metrics, "fogline_cost")
    assert series(metrics, "fogline_models_waiting") == ['fogline_models_waiting{loop="place"} 3.0']


def test_the_gap_of_the_plan_is_there_once_there_is_a_plan() -> None:
    metrics, outlook = Metrics(), Outlook(lambda _: None)
    metrics.follow_work(outlook, {}, list)
    assert series(metrics, "fogline_plan") == []
    outlook.gap_percent = 3
    assert series(metrics, "fogline_cost_gap") == ["fogline_cost_gap_ratio 0.03"]


def test_no_model_is_named_unless_the_setting_says_how_many() -> None:
    keys = [ModelKey("plant", f"model-{number}") for number in range(5)]
    quiet, loud = Metrics(), Metrics(most_named=2)
    for key in keys:
        quiet.fleet.put(key, DEAR)
        loud.fleet.put(key, DEAR)
    assert "plant" not in text(quiet)
    assert series(quiet, "fogline_modeldeployments_without") == []
    assert series(loud, "fogline_modeldeployment_cost") == [
        f'fogline_modeldeployment_cost_dollars_per_hour{{modeldeployment="{key.name}",'
        f'modeldeployment_namespace="plant"}} 1.6'
        for key in keys[:2]
    ]
    left_out = series(loud, "fogline_modeldeployments_without")
    assert left_out == ["fogline_modeldeployments_without_metrics 3.0"]
    loud.fleet.forget(keys[0])
    loud.fleet.put(keys[4], DEAR)
    assert len(series(loud, "fogline_modeldeployment_cost")) == 2


def test_requests_are_counted_by_class_of_status_and_watches_are_not_timed() -> None:
    metrics = Metrics()
    metrics.requests.waited(Lane.DECISION, 0.2)
    metrics.requests.answered(Request("PATCH", "pods"), 200, 0.03)
    metrics.requests.answered(Request("PATCH", "pods"), 422, 0.03)
    metrics.requests.answered(Request("GET", "pods"), 0, 30)
    metrics.requests.answered(Request(WATCH, "pods"), 200, 300)
    assert series(metrics, "fogline_api_requests_total") == [
        'fogline_api_requests_total{code="2xx",resource="pods",verb="PATCH"} 1.0',
        'fogline_api_requests_total{code="4xx",resource="pods",verb="PATCH"} 1.0',
        'fogline_api_requests_total{code="none",resource="pods",verb="GET"} 1.0',
        'fogline_api_requests_total{code="2xx",resource="pods",verb="WATCH"} 1.0',
    ]
    assert series(metrics, "fogline_api_request_seconds_count") == [
        'fogline_api_request_seconds_count{resource="pods",verb="PATCH"} 2.0',
        'fogline_api_request_seconds_count{resource="pods",verb="GET"} 1.0',
    ]
    assert 'fogline_api_wait_seconds_sum{lane="decision"} 0.2' in text(metrics)


def test_who_accepts_openmetrics_gets_it_and_others_the_text_format() -> None:
    metrics = Metrics()
    plain, plain_type = metrics.instruments.page("*/*")
    page, content_type = metrics.instruments.page("application/openmetrics-text;version=1.0.0,*/*;q=0.1")
    assert plain_type.startswith("text/plain; version=0.0.4")
    assert b"# EOF" not in plain
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    families: Iterable[Metric] = text_string_to_metric_families(page.decode())  # type: ignore[no-untyped-call]
    names = {family.name for family in families}
    assert {"fogline_moves", "fogline_build_info", "fogline_gate_to_pin_seconds"} <= names


def told(metrics: Metrics) -> Iterable[str]:
    """Give the names of the metrics of a page."""
    return re.findall(r"^# TYPE (\S+) ", text(metrics), re.MULTILINE)


def test_names_follow_the_rules_of_openmetrics() -> None:
    described = Metrics().instruments.described
    for one in described:
        assert re.fullmatch("(fogline|process)(_[a-z]+)+", one.name), one.name
        assert one.name.endswith("_total") is (one.kind == "counter"), one.name
        assert one.help.endswith("."), one.name
    assert len({one.name for one in described}) == len(described)
    assert {one.name for one in described} == set(told(Metrics()))


def test_the_version_is_the_one_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert fogline.__version__ == project["version"]
    assert f'fogline_build_info{{version="{fogline.__version__}"}} 1.0' in text(Metrics())
