"""Each alert fires when it should, by promtool, and none does while all is well."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from dev import libyaml
from dev.paths import ROOT
from dev.prometheus import promtool

RULES = ROOT / "charts" / "fogline" / "files" / "rules" / "fogline.yaml"
PAGE = (ROOT / "docs" / "alerts.md").read_text()
ADDRESS = "https://github.com/fogline/fogline/blob/main/docs/alerts.md"
LIMIT_SECONDS = 180

Series = Mapping[str, str]
Rule = dict[str, Any]

HEALTHY: Series = {
    'fogline_leading{instance="a"}': "1x200",
    'fogline_leading{instance="b"}': "0x200",
    'fogline_view_troubled{instance="a"}': "0x200",
    'fogline_view_troubled{instance="b"}': "0x200",
    'fogline_model_errors_total{part="reconcile"}': "0x200",
    "fogline_reconcile_failures_total": "0x30 1x170",
    'fogline_api_requests_total{code="2xx",verb="GET",resource="pods"}': "0+60x200",
    'fogline_api_requests_total{code="5xx",verb="GET",resource="pods"}': "0+1x200",
    'fogline_api_wait_seconds_bucket{le="0.1",lane="other"}': "0+60x200",
    'fogline_api_wait_seconds_bucket{le="+Inf",lane="other"}': "0+60x200",
    'fogline_gate_to_pin_seconds_bucket{le="0.25"}': "0+6x200",
    'fogline_gate_to_pin_seconds_bucket{le="+Inf"}': "0+6x200",
    'fogline_models_waiting{loop="reconcile"}': "0x10 300x5 0x185",
    "fogline_placement_violations": "0x60 1 0x139",
    "fogline_policies_missing": "0x200",
    **{
        f'fogline_modeldeployment_conditions{{type="{kind}",status="{status}",reason="{reason}"}}': values
        for kind, status, reason, values in (
            ("Ready", "True", "AllReplicasReady", "5x200"),
            ("Ready", "False", "ReplicasNotReady", "1x10 _x190"),
            ("Placed", "True", "AllPlaced", "5x200"),
            ("PolicyCompliant", "True", "RequirementsHold", "5x200"),
            ("LatencyTargetMet", "True", "TargetMet", "5x200"),
            ("WithinCostLimit", "True", "WithinLimit", "5x200"),
            ("RolledOut", "False", "FiguresMissing", "_x60 1x10 _x130"),
        )
    },
    'fogline_moves_total{result="Completed",reason="BetterNode"}': "0+1x200",
    'fogline_moves_total{result="Aborted",reason="BetterNode"}': "0+0.2x200",
    'fogline_nodeprofiles{reason="InEffect"}': "3x200",
    "fogline_janitor_operator_absent_seconds": "2x200",
    "fogline_janitor_gates_opened_total": "0x200",
    "fogline_collector_wanted": "1x200",
    "fogline_collector_covered_seconds": "300x200",
    "fogline_collector_late_seconds": "0x60 90x2 0x138",
    'fogline_collector_pods{state="answering"}': "9x200",
    'fogline_collector_pods{state="silent"}': "0x60 1x10 0x130",
    'fogline_collector_pods{state="left out"}': "0x200",
    'fogline_collector_ways{state="measured"}': "4x200",
    'fogline_collector_ways{state="not reached"}': "0x60 1x30 0x110",
    'fogline_modeltrainings{reason="RunPublished"}': "2x200",
    'fogline_modeltrainings{reason="RunUnderway"}': "1x200",
    'fogline_modeltrainings{reason="SuspendedByUser"}': "1x200",
    'fogline_modeltrainings{reason="SuspendedByOther"}': "1x200",
    'fogline_cost_dollars_per_hour{tier="Cloud"}': "1.8x200",
    ':tensorflow:serving:request_count{model_name="digits",status="OK"}': "0+600x200",
    ':tensorflow:serving:request_count{model_name="digits",status="INVALID_ARGUMENT"}': "0+300x200",
    ':tensorflow:serving:request_count{model_name="digits",status="INTERNAL"}': "0+6x200",
}
"""Two operators and a janitor, one value a minute, with what happens on any good day."""


def conditions(kind: str, status: str, reason: str) -> Series:
    labels = f'type="{kind}",status="{status}",reason="{reason}"'
    return {f"fogline_modeldeployment_conditions{{{labels}}}": "_x60 2x140"}


TROUBLE: Mapping[str, Series] = {
    "FoglineNoLeader": {'fogline_leading{instance="a"}': "1x60 0x140"},
    "FoglineDecisionsStopped": {'fogline_view_troubled{instance="a"}': "0x60 1x140"},
    "FoglineMistake": {'fogline_model_errors_total{part="reconcile"}': "0x60 1x140"},
    "FoglinePassesFail": {"fogline_reconcile_failures_total": "0x60 0+1x140"},
    "FoglineApiRequestsFail": {
        'fogline_api_requests_total{code="none",verb="GET",resource="pods"}': "0x60 0+30x140"
    },
    "FoglineRequestsHeldUp": {
        'fogline_api_wait_seconds_bucket{le="5",lane="decision"}': "0x60 0+1x140",
        'fogline_api_wait_seconds_bucket{le="30",lane="decision"}': "0x60 0+60x140",
        'fogline_api_wait_seconds_bucket{le="+Inf",lane="decision"}': "0x60 0+60x140",
    },
    "FoglinePinsSlow": {
        'fogline_gate_to_pin_seconds_bucket{le="10"}': "0x60 0+60x140",
        'fogline_gate_to_pin_seconds_bucket{le="+Inf"}': "0x60 0+60x140",
    },
    "FoglineBacklog": {'fogline_models_waiting{loop="place"}': "0x60 51x140"},
    "FoglinePlacementViolation": {"fogline_placement_violations": "0x60 1x140"},
    "FoglinePoliciesMissing": {"fogline_policies_missing": "0x60 1x140"},
    "FoglineRequirementsBroken": conditions("PolicyCompliant", "False", "RequirementsBroken"),
    "FoglineModelsNotPlaced": conditions("Placed", "False", "NoFit"),
    "FoglineModelsNotReady": conditions("Ready", "Unknown", "InternalError"),
    "FoglineLatencyTargetMissed": conditions("LatencyTargetMet", "False", "TargetMissed"),
    "FoglineCostLimitExceeded": conditions("WithinCostLimit", "False", "LimitExceeded"),
    "FoglineMovesAborted": {'fogline_moves_total{result="Aborted",reason="BetterNode"}': "0x60 0+2x140"},
    "FoglineProfileWithoutEffect": {'fogline_nodeprofiles{reason="Expired"}': "_x60 1x140"},
    "FoglineOperatorAbsent": {"fogline_janitor_operator_absent_seconds": "2x60 0+60x140"},
    "FoglineJanitorDown": {"fogline_janitor_operator_absent_seconds": "2x60"},
    "FoglineGatesOpened": {"fogline_janitor_gates_opened_total": "0x60 4x140"},
    "FoglineModelServerErrors": {
        ':tensorflow:serving:request_count{model_name="digits",status="UNAVAILABLE"}': "0x60 0+100x140"
    },
    "FoglineCollectorDown": {"fogline_collector_covered_seconds": "300x60"},
    "FoglineFiguresOld": {"fogline_collector_late_seconds": "0x60 0+60x140"},
    "FoglineModelServersNotScraped": {'fogline_collector_pods{state="silent"}': "0x60 1x140"},
    "FoglineLatencyNotMeasured": {'fogline_collector_ways{state="not reached"}': "0x60 1x140"},
    "FoglineCanaryWithoutFigures": conditions("RolledOut", "False", "FiguresMissing"),
    "FoglineTrainingsFailed": {'fogline_modeltrainings{reason="GateRefused"}': "_x60 1x140"},
}
"""What is otherwise than on a good day, from the second hour on, for each alert."""
LATE = {"FoglineMistake": "63m", "FoglineGatesOpened": "63m"}
"""When alerts fire that are about the last minutes; the others still do at the end."""


def rules() -> list[Rule]:
    return [rule for group in libyaml.load(RULES.read_text())["groups"] for rule in group["rules"]]


def alerts() -> dict[str, Rule]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def firing(folder: Path, series: Series, at: str, names: list[str]) -> set[str]:
    """Ask promtool which of some alerts fire at a moment."""
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [{"alertname": name, "eval_time": at, "exp_alerts": []} for name in names],
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": [test]}))
    done = run("test", "rules", str(file))
    assert "SUCCESS" in done or "alertname:" in done, done
    return set(re.findall(r"alertname: ?(\w+)", done))


def run(*arguments: str) -> str:
    command = [str(promtool()), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    return done.stdout + done.stderr


def test_promtool_takes_the_rules() -> None:
    assert "SUCCESS" in run("check", "rules", str(RULES))


@pytest.mark.parametrize("at", ["5m", "65m", "115m", "200m"])
def test_no_alert_fires_while_all_is_well(at: str, tmp_path: Path) -> None:
    assert firing(tmp_path, HEALTHY, at, [*alerts()]) == set()


@pytest.mark.parametrize("name", alerts())
def test_an_alert_fires_when_it_should_and_not_before(name: str, tmp_path: Path) -> None:
    series = {**HEALTHY, **TROUBLE[name]}
    assert firing(tmp_path, series, "59m", [name]) == set()
    assert firing(tmp_path, series, LATE.get(name, "195m"), [name]) == {name}


def test_nobody_misses_a_collector_that_is_not_installed(tmp_path: Path) -> None:
    without = {name: values for name, values in HEALTHY.items() if "_collector_" not in name}
    series = {**without, "fogline_collector_wanted": "0x200"}
    assert firing(tmp_path, series, "195m", [*alerts()]) == set()


def test_there_is_a_story_for_every_alert() -> None:
    assert set(TROUBLE) == set(alerts())


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_how_bad_it_is_and_where_to_read_what_to_do(name: str) -> None:
    rule = alerts()[name]
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook_url"] == f"{ADDRESS}#{name.lower()}"
    assert f"\n### {name}\n\n" in PAGE


def test_the_page_tells_of_no_other_alert() -> None:
    assert set(re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)) == set(alerts())


def test_requests_have_a_price(tmp_path: Path) -> None:
    """1.8 US dollars per hour for 600 requests a minute, which are 36,000 an hour: 0.05 for a thousand."""
    of_model = 'modeldeployment_namespace="default",modeldeployment="digits"'
    request_count = ":tensorflow:serving:request_count"
    series = {
        'fogline_cost_dollars_per_hour{tier="Cloud"}': "1.7x20",
        'fogline_cost_dollars_per_hour{tier="Edge"}': "0.1x20",
        f"fogline_modeldeployment_cost_dollars_per_hour{{{of_model}}}": "0.9x20",
        f'{request_count}{{status="OK",pod="a",{of_model}}}': "0+300x20",
        f'{request_count}{{status="OK",pod="b",{of_model}}}': "0+300x20",
        f'{request_count}{{status="INTERNAL",pod="b",{of_model}}}': "0+300x20",
    }
    per_model = "fogline:modeldeployment_cost_dollars_per_1000_requests:rate5m"
    expected = {
        "fogline:cost_dollars_per_1000_requests:rate5m": ("", 0.05),
        per_model: (of_model, 0.025),
    }
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": name,
                "eval_time": "15m",
                "exp_samples": [{"labels": f"{name}{{{labels}}}", "value": value}],
            }
            for name, (labels, value) in expected.items()
        ],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": [test]}))
    assert "SUCCESS" in run("test", "rules", str(file)), run("test", "rules", str(file))
