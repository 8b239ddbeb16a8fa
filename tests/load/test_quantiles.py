"""Quantiles over all requests, answered or not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fogline.load.quantiles import SHARES, quantile

latencies = st.lists(st.floats(0, 1e6), min_size=1, max_size=300).map(sorted)


@given(latencies, st.sampled_from(SHARES))
def test_it_is_the_least_value_that_covers_the_share(ordered: list[float], share: float) -> None:
    assert quantile(ordered, len(ordered), share) == float(np.quantile(ordered, share, method="inverted_cdf"))


@given(latencies, st.integers(0, 300), st.sampled_from(SHARES))
def test_requests_without_an_answer_count_as_slower_than_all_others(
    ordered: list[float], unanswered: int, share: float
) -> None:
    total = len(ordered) + unanswered
    expected = quantile([*ordered, *[float("inf")] * unanswered], total, share)
    assert quantile(ordered, total, share) == (None if expected == float("inf") else expected)


def test_a_server_that_fails_two_percent_has_no_p99() -> None:
    assert quantile([1.0] * 98, 100, 0.98) == 1.0
    assert quantile([1.0] * 98, 100, 0.99) is None


def test_no_request_has_no_quantile() -> None:
    assert quantile([], 0, 0.5) is None
