"""How many replicas a disruption budget keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import make_model

from fogline.objects import budget
from fogline.objects.budget import min_available


@pytest.mark.parametrize(
    ("replicas", "max_unavailable", "stay"),
    [
        (0, 0, 0),
        (0, "50%", 0),
        (1, 0, 1),
        (1, 1, 0),
        (1, "99%", 1),  # a percentage never takes the only replica
        (1, "100%", 0),
        (2, "25%", 2),
        (3, "33%", 3),
        (3, "34%", 2),
        (3, 5, 0),
        (8, "25%", 6),
        (9, "25%", 7),
        (10, "0%", 10),
        (1000, "1%", 990),
    ],
)
def test_a_percentage_of_replicas_that_may_go_is_rounded_down(
    replicas: int, max_unavailable: int | str, stay: int
) -> None:
    assert min_available(replicas, max_unavailable) == stay


@given(st.integers(0, 1000), st.integers(0, 100))
def test_a_percentage_never_lets_more_go_than_it_says(replicas: int, percent: int) -> None:
    gone = replicas - min_available(replicas, f"{percent}%")
    assert 0 <= gone * 100 <= replicas * percent


@pytest.mark.parametrize(
    ("replicas", "max_unavailable", "may_go", "stay"),
    [(1, 0, 1, 0), (3, 0, 1, 2), (3, 1, 1, 2), (3, 1, 2, 1), (8, "25%", 1, 6), (0, 0, 1, 0), (1, 0, 2, 0)],
)
def test_a_drain_that_must_come_to_its_end_lets_go_what_the_user_allows_or_more(
    replicas: int, max_unavailable: int | str, may_go: int, stay: int
) -> None:
    model = make_model(replicas=replicas, disruption={"maxUnavailable": max_unavailable})
    assert budget(model, may_go)["spec"]["minAvailable"] == stay


def test_the_budget_is_an_integer_because_kubernetes_rounds_a_percentage_against_us() -> None:
    built = budget(make_model(replicas=4, disruption={"maxUnavailable": "25%"}))["spec"]
    assert (built["minAvailable"], type(built["minAvailable"])) == (3, int)
    assert "maxUnavailable" not in built
