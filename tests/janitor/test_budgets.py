"""Which disruption budgets the janitor loosens, and by how much."""

from typing import Any

import msgspec
import pytest

from fogline.janitor.budgets import FIELD_MANAGER, Budget, loosened

BLOCKING = {"spec": {"minAvailable": 3}, "status": {"disruptionsAllowed": 0}}


def budget(document: dict[str, Any], *managers: str) -> Budget:
    fields = [{"manager": name, "operation": "Update"} for name in managers]
    meta = {"name": "digits", "uid": "u", "resourceVersion": "7", "managedFields": fields}
    return msgspec.convert({"metadata": meta, **document}, Budget)


def test_a_budget_that_lets_no_pod_go_lets_one_go() -> None:
    assert loosened(budget(BLOCKING, "fogline")) == [
        {"op": "test", "path": "/metadata/uid", "value": "u"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "replace", "path": "/spec/minAvailable", "value": 2},
    ]


def test_a_budget_is_loosened_once_until_the_operator_takes_it_back() -> None:
    assert loosened(budget(BLOCKING, "fogline", FIELD_MANAGER)) is None


@pytest.mark.parametrize(
    "document",
    [
        {"spec": {"minAvailable": 3}, "status": {"disruptionsAllowed": 1}},
        {"spec": {"minAvailable": 0}, "status": {"disruptionsAllowed": 0}},
        {"spec": {"minAvailable": "50%"}, "status": {"disruptionsAllowed": 0}},
        {"spec": {"maxUnavailable": 1}, "status": {"disruptionsAllowed": 0}},
    ],
)
def test_a_budget_that_lets_a_pod_go_or_is_not_as_we_write_it_is_left_alone(document: dict[str, Any]) -> None:
    assert loosened(budget(document)) is None
