"""What ``fogline doctor`` says of the collector, where somebody counts on it."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from tests.support.builders import make_model
from tests.support.checkup import HEALTHY, PROGRAMS, SECRET, measured, program, serving, trip, without, wrong
from tests.support.live import NOW

from fogline.api import ModelDeployment
from fogline.cli.checkup.checks import examine
from fogline.cli.checkup.facts import Models, Unknown
from fogline.cli.checkup.findings import Outcome
from fogline.collector.answer import Trouble

READY_POD = {
    "metadata": {
        "namespace": "default",
        "name": "digits-a",
        "labels": {"fogline.dev/model": "digits"},
        "creationTimestamp": NOW.isoformat(),
    },
    "spec": {},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}
STARTING_POD = {**READY_POD, "status": {"conditions": [{"type": "Ready", "status": "False"}]}}
CANARY = serving(make_model(rollout={"canaryPercent": 20, "maxErrorRate": "0.01"}))


def silent(reason: str = "NotReached") -> Trouble:
    return Trouble(namespace="default", pod="digits-a", node="edge-1", reason=reason, message="no")


def replicas_ready(model: ModelDeployment) -> ModelDeployment:
    assert model.status
    return structs.replace(model, status=structs.replace(model.status, ready_replicas=1))


DAMAGE: list[tuple[dict[str, Any], str, str]] = [
    (
        {"deployments": without("fogline-collector"), "models": Models((CANARY,))},
        "ERROR",
        "there is none, and new versions of default/digits wait for its figures",
    ),
    (
        {"deployments": without("fogline-collector")},
        "ERROR",
        "there is none, but FOGLINE_COLLECTOR_URL of the operator names one",
    ),
    (
        {
            "deployments": {**PROGRAMS, "fogline-operator": program("fogline-operator")},
            "models": Models((CANARY,)),
        },
        "ERROR",
        "the operator does not ask it, and new versions of default/digits wait",
    ),
    (
        {
            "deployments": {**PROGRAMS, "fogline-collector": program("fogline-collector", 0, 1)},
            "figures": None,
        },
        "ERROR",
        "fogline-collector: 0 of 1 replicas are Ready",
    ),
    (
        {
            "deployments": {**PROGRAMS, "fogline-collector": program("fogline-collector", 0, 0)},
            "figures": None,
        },
        "ERROR",
        "fogline-collector is scaled to 0",
    ),
    ({"figures": "no answer within 3 s"}, "ERROR", "it gives no figures: no answer"),
    ({"figures": Unknown("403 Forbidden")}, "WARNING", "cannot be checked: 403"),
    (
        {"figures": measured(silent()), "pods": (READY_POD,)},
        "WARNING",
        "NotReached: nothing is read of default/digits-a on edge-1",
    ),
    (
        {"figures": measured(silent("BadValue")), "pods": (READY_POD,)},
        "WARNING",
        "BadValue: nothing is read of default/digits-a on edge-1",
    ),
    ({"figures": measured(left_out=7)}, "WARNING", "7 pods are left out"),
    (
        {"figures": measured(requests_seconds=0), "models": Models((replicas_ready(SECRET),))},
        "WARNING",
        "no figures of default/digits, though replicas are Ready",
    ),
    (
        {"figures": measured(round_trips=(trip("plant", "a", None),))},
        "WARNING",
        "the probe at client site plant measures nothing",
    ),
    ({"figures": measured()}, "WARNING", "the probe at client site plant measures nothing"),
    (
        {"figures": measured(round_trips=(trip("plant", "a", 5), trip("plant", "b", None)))},
        "WARNING",
        "no way from client site plant to b",
    ),
]


@pytest.mark.parametrize(("facts", "outcome", "message"), DAMAGE)
def test_what_is_wrong_with_the_collector_is_told(facts: dict[str, Any], outcome: str, message: str) -> None:
    found = wrong(**facts)
    assert [one for one in found if one[:2] == ("Collector", outcome) and message in one[2]], found


def test_a_collector_that_nobody_counts_on_need_not_be_there() -> None:
    programs = {**without("fogline-collector"), "fogline-operator": program("fogline-operator")}
    assert wrong(deployments=programs, figures=None, client_sites=()) == []


def test_a_collector_that_is_scaled_to_nothing_comes_back_with_one_replica() -> None:
    facts = replace(
        HEALTHY,
        deployments={**PROGRAMS, "fogline-collector": program("fogline-collector", 0, 0)},
        figures=None,
    )
    (found,) = [one for one in examine(facts) if one.outcome is not Outcome.OK]
    assert found.advice == "kubectl -n fogline-system scale deployment fogline-collector --replicas=1"


def test_a_replica_that_starts_is_not_missed_by_the_collector() -> None:
    assert wrong(figures=measured(silent(), round_trips=(trip("plant", "a", 5),)), pods=(STARTING_POD,)) == []


def test_a_collector_that_has_just_started_is_given_time() -> None:
    young = structs.replace(measured(requests_seconds=0), covered_seconds=10)
    assert wrong(figures=young, models=Models((replicas_ready(SECRET),))) == []
