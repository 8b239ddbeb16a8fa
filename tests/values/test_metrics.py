"""What Prometheus sees of moves."""

from datetime import UTC, datetime

from fogline.api import MoveResult, PastMove
from fogline.metrics import Metrics


def past(result: MoveResult, seconds: int) -> PastMove:
    return PastMove(
        id="m1",
        result=result,
        source="a",
        target="b",
        variant="cloud",
        reason="NodeCordoned",
        started_at=datetime(2030, 1, 1, tzinfo=UTC),
        seconds=seconds,
    )


def test_moves_are_counted_by_result_and_reason_and_timed_when_they_were_completed() -> None:
    metrics = Metrics()
    metrics.moves_ended([past(MoveResult.COMPLETED, 12), past(MoveResult.ABORTED, 600)])
    text = metrics.exposition().decode()
    assert 'fogline_moves_total{reason="NodeCordoned",result="Completed"} 1.0' in text
    assert 'fogline_moves_total{reason="NodeCordoned",result="Aborted"} 1.0' in text
    assert "fogline_move_seconds_sum 12.0" in text
    assert "fogline_move_seconds_count 1.0" in text
