"""Which lists are so short that a second one must confirm them."""

import pytest

from fogline.cluster.breaker import is_suspicious


@pytest.mark.parametrize(
    ("before", "after", "suspicious"),
    [
        (0, 0, False),
        (0, 50, False),
        (1, 0, True),
        (2, 0, True),
        (3, 1, False),
        (4, 1, True),
        (9, 6, False),
        (9, 5, True),
        (300, 200, False),
        (300, 199, True),
        (300, 0, True),
        (300, 301, False),
    ],
)
def test_an_empty_list_and_one_that_lost_more_than_two_and_more_than_a_third_are_suspicious(
    before: int, after: int, *, suspicious: bool
) -> None:
    assert is_suspicious(before, after) is suspicious
