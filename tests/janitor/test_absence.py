"""For how long nobody has renewed the operator's Lease, as the janitor counts it."""

from datetime import UTC, datetime, timedelta

from fogline.cluster.objects import LeaseSpec
from fogline.janitor.absence import Absence, look

START = datetime(2026, 1, 1, tzinfo=UTC)
GAP = 20


def renewed(at: int, holder: str = "a") -> LeaseSpec:
    return LeaseSpec(holder_identity=holder, renew_time=START + timedelta(seconds=at))


def looks(*seen: tuple[float, LeaseSpec]) -> Absence:
    """Look several times; each look is its moment and what it showed."""
    absence: Absence | None = None
    for now, spec in seen:
        absence = look(absence, spec, now, GAP)
    assert absence is not None
    return absence


def test_a_lease_that_is_renewed_means_that_an_operator_is_there() -> None:
    assert looks(*((float(at), renewed(at)) for at in range(0, 300, 5))).seconds == 0


def test_time_counts_from_the_first_look_that_showed_the_last_renewal() -> None:
    assert looks((0, renewed(0)), (5, renewed(4)), (10, renewed(4)), (25, renewed(4))).seconds == 20


def test_a_lease_that_nobody_takes_after_it_was_given_up_means_that_no_operator_is_there() -> None:
    given_up = LeaseSpec(holder_identity="", renew_time=START)
    assert looks(*((float(at), given_up) for at in range(0, 125, 5))).seconds == 120


def test_a_lease_that_does_not_exist_counts_from_the_first_look() -> None:
    assert looks((7, LeaseSpec()), (17, LeaseSpec())).seconds == 10


def test_the_wall_clock_of_the_operator_plays_no_part() -> None:
    assert looks((0, renewed(10_000_000)), (15, renewed(10_000_000))).seconds == 15
    assert looks((0, renewed(10_000_000)), (15, renewed(-10_000_000))).seconds == 0


def test_after_a_gap_in_which_we_could_not_look_counting_starts_anew() -> None:
    before = [(float(at), renewed(0)) for at in range(0, 100, 5)]
    assert looks(*before, (200, renewed(0))).seconds == 0
    assert looks(*before, (200, renewed(0)), (215, renewed(0))).seconds == 15
