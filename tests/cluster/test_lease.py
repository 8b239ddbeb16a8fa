"""Who holds a Lease, as told by what is read of it and by the clock of the one who reads."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fogline.cluster.lease import (
    Claim,
    Identity,
    Times,
    Watched,
    claim,
    held_by,
    held_by_nobody,
    new_identity,
    watch,
)
from fogline.cluster.objects import LeaseSpec

TIMES = Times(15)
ME, OTHER = Identity("me"), Identity("other")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FREE = LeaseSpec()


def of(identity: Identity, before: LeaseSpec = FREE, at: datetime = NOW) -> LeaseSpec:
    """Give the Lease as the API server has it once somebody has written it."""
    return msgspec.convert(held_by(identity, before, at, TIMES), LeaseSpec)


def judged(spec: LeaseSpec, *, unchanged_seconds: float, identity: Identity = ME) -> Claim:
    return claim(Watched(spec, 100), identity, 100 + unchanged_seconds, TIMES)


def test_a_lease_that_nobody_holds_is_taken_at_once() -> None:
    given_up = msgspec.convert({**held_by(OTHER, FREE, NOW, TIMES), **held_by_nobody(NOW)}, LeaseSpec)
    assert judged(FREE, unchanged_seconds=0) is Claim.TAKE
    assert judged(given_up, unchanged_seconds=0) is Claim.TAKE


def test_a_lease_is_left_to_its_holder_until_it_gave_no_sign_of_life_for_its_duration() -> None:
    assert judged(of(OTHER), unchanged_seconds=15) is Claim.WAIT
    assert judged(of(OTHER), unchanged_seconds=15.1) is Claim.TAKE


def test_what_the_holder_promised_counts_and_not_what_we_would_promise() -> None:
    patient = msgspec.structs.replace(of(OTHER), lease_duration_seconds=60)
    assert judged(patient, unchanged_seconds=59) is Claim.WAIT
    assert judged(patient, unchanged_seconds=61) is Claim.TAKE


def test_our_own_lease_is_kept_however_old_it_is() -> None:
    assert judged(of(ME), unchanged_seconds=1000) is Claim.KEEP


def test_the_lease_of_a_process_that_ran_in_our_pod_before_is_taken_at_once() -> None:
    before, after = new_identity("host", "uid-1"), new_identity("host", "uid-1")
    assert str(before) != str(after)
    assert judged(of(before), unchanged_seconds=0, identity=after) is Claim.TAKE
    elsewhere = new_identity("host", "uid-11")
    assert judged(of(elsewhere), unchanged_seconds=0, identity=after) is Claim.WAIT


def test_without_a_pod_nobody_is_taken_for_a_former_self() -> None:
    assert judged(of(new_identity("host")), unchanged_seconds=0, identity=new_identity("host")) is Claim.WAIT


def test_only_a_change_of_the_lease_is_a_sign_of_life() -> None:
    first = watch(None, of(OTHER), now=1)
    assert watch(first, of(OTHER), now=9) == first
    renewed = of(OTHER, of(OTHER), NOW + timedelta(seconds=2))
    assert watch(first, renewed, now=9) == Watched(renewed, 9)


def test_a_clock_that_was_set_back_plays_no_part() -> None:
    set_back = of(OTHER, of(OTHER), NOW - timedelta(days=365))
    assert watch(watch(None, of(OTHER), now=1), set_back, now=5).unchanged_since == 5


def test_transitions_count_changes_of_the_holder_and_not_renewals() -> None:
    first = of(ME)
    renewed = of(ME, first, NOW + timedelta(seconds=2))
    taken = of(OTHER, renewed, NOW + timedelta(seconds=4))
    assert [one.lease_transitions for one in (first, renewed, taken)] == [0, 0, 1]
    assert renewed.acquire_time == NOW
    assert taken.acquire_time == NOW + timedelta(seconds=4)


def test_a_holder_stops_by_itself_before_anybody_else_may_start() -> None:
    for seconds in (3, 5, 15, 60):
        times = Times(seconds)
        assert times.deadline_seconds + times.retry_seconds < times.duration_seconds


@dataclass(slots=True)
class Process:
    """A process with a clock that started at a time of its own."""

    identity: Identity
    offset: float
    watched: Watched | None = None
    renewed_at: float = -1000

    def leads(self, now: float) -> bool:
        """Tell whether it takes itself for the holder."""
        return now - self.renewed_at < TIMES.deadline_seconds


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.floats(0.1, 8), st.booleans()),
        min_size=1,
        max_size=200,
    )
)
def test_two_processes_never_lead_at_once_whoever_sleeps_or_loses_its_connection(
    steps: list[tuple[int, float, bool]],
) -> None:
    processes = [Process(Identity(f"p{n}"), offset=1000.0 * n) for n in range(3)]
    lease, now = FREE, 0.0
    for who, seconds, answered in steps:
        now += seconds
        process = processes[who]
        local = now + process.offset
        process.watched = watch(process.watched, lease, local)
        if claim(process.watched, process.identity, local, TIMES) is not Claim.WAIT:
            lease = of(process.identity, lease, NOW + timedelta(seconds=now))
            if answered:
                process.renewed_at = now
        assert sum(one.leads(now) for one in processes) <= 1
