"""A policy that would refuse nothing is found, and what sensitive models hear of it."""

from typing import Any

import msgspec
import pytest
from tests.support.builders import make_model
from tests.support.policies import BINDING, POLICY, names, policies
from tests.support.trainings import make_training

from fogline.cluster.objects import Policy, PolicyBinding
from fogline.guard import Guard, defect


def shipped(kind: str, name: str, **spec: Any) -> Any:
    """Read an object of the chart, with other values of some fields."""
    found = next(one for one in policies() if (one["kind"], one["metadata"]["name"]) == (kind, name))
    as_type = {POLICY: Policy, BINDING: PolicyBinding}[kind]
    return msgspec.convert({**found, "spec": {**found["spec"], **spec}}, as_type)


NAME = "fogline-pod-clearance"
GOOD = shipped(POLICY, NAME), shipped(BINDING, NAME)


@pytest.mark.parametrize("name", [one for one in names(policies()) if one != "fogline-template-clearance"])
def test_a_policy_as_it_is_shipped_is_found_good(name: str) -> None:
    assert defect(shipped(POLICY, name), shipped(BINDING, name)) is None


@pytest.mark.parametrize(
    ("policy", "binding", "said"),
    [
        (None, GOOD[1], "is gone"),
        (GOOD[0], None, "has no binding"),
        (shipped(POLICY, NAME, failurePolicy="Ignore"), GOOD[1], "cannot judge"),
        (GOOD[0], shipped(BINDING, NAME, validationActions=["Audit"]), "does not deny"),
        (GOOD[0], shipped(BINDING, NAME, policyName="fogline-other"), "is not bound to everything"),
        (GOOD[0], shipped(BINDING, NAME, matchResources={}), "is not bound to everything"),
    ],
)
def test_a_policy_that_refuses_nothing_or_not_everywhere_is_found(
    policy: Policy | None, binding: PolicyBinding | None, said: str
) -> None:
    assert said in (defect(policy, binding) or "")


@pytest.mark.parametrize("make", [make_model, make_training])
def test_before_the_first_look_nothing_sensitive_is_placed_or_begun_and_all_else_is(make: Any) -> None:
    guard = Guard([NAME])
    levels = ("Public", "Internal", "Confidential", "Restricted")
    held = [level for level in levels if guard.gap(make(placement={"dataSensitivity": level}))]
    assert held == ["Confidential", "Restricted"]


def test_where_no_policy_was_installed_nothing_is_held() -> None:
    assert Guard().gap(make_model(placement={"dataSensitivity": "Restricted"})) is None
