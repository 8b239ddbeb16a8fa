"""Progress lines: often enough to see life, seldom enough to read."""

import logging

import pytest

from fogline_model_fetcher.progress import Progress

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("total_bytes", "lines"),
    [
        (4 * MEBIBYTE, ["fetched 2.0 of 4.0 MiB (50%)", "fetched 4.0 of 4.0 MiB (100%)"]),
        (0, ["fetched 2.0 MiB", "fetched 4.0 MiB"]),
    ],
)
def test_a_line_is_logged_every_five_seconds_while_bytes_come(
    caplog: pytest.LogCaptureFixture, total_bytes: int, lines: list[str]
) -> None:
    now_seconds = [0.0]
    with caplog.at_level(logging.INFO):
        progress = Progress(MEBIBYTE, total_bytes, lambda: now_seconds[0])
        for seconds, count_bytes in ((4.9, 0), (5.0, MEBIBYTE), (9.9, MEBIBYTE), (10.0, MEBIBYTE)):
            now_seconds[0] = seconds
            progress.add(count_bytes)
    assert [record.getMessage() for record in caplog.records] == lines
