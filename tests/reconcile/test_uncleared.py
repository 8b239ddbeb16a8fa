"""Replicas on nodes that may not hold their data any more are gone in time."""

from datetime import datetime, timedelta
from typing import Any

from tests.support.builders import make_model, make_node
from tests.support.live import NOW, live_pod, pod_document
from tests.support.movers import ends, failed, replicas, runs

from fogline.api import DataSensitivity
from fogline.observe import Owned, snapshot, to_pod
from fogline.placement import Usage
from fogline.reconcile.uncleared import Clock, Uncleared, grace_seconds, uncleared

MODEL = make_model()
OPEN = make_node("open", clearance=DataSensitivity.PUBLIC)
CLEARED = make_node("cleared", clearance=DataSensitivity.CONFIDENTIAL)
RUNS = runs(MODEL, "p", "open")


def look(
    *documents: Any, seconds: int = 0, nowhere: tuple[str, ...] = (), since: dict[str, datetime] | None = None
) -> Uncleared:
    live = [to_pod(live_pod(document)) for document in documents]
    usage = Usage(snapshot((OPEN, CLEARED), [pod for pod in live if pod]))
    clock = Clock({"uid-of-p": NOW} if since is None else since, 60, NOW + timedelta(seconds=seconds))
    return uncleared(DataSensitivity.INTERNAL, Owned(replicas(*documents), {}), usage, nowhere, clock)


def test_a_replica_has_its_time_from_when_it_is_first_seen() -> None:
    found = look(RUNS, seconds=7, since={})
    assert found.since == {"uid-of-p": NOW + timedelta(seconds=7)}
    assert found.next_deadline == NOW + timedelta(seconds=57)
    assert (found.evicted, found.deleted) == ((), ())


def test_it_is_deleted_early_enough_to_be_gone_when_its_time_is_up() -> None:
    assert look(RUNS, seconds=49).deleted == ()
    assert [replica.name for replica in look(RUNS, seconds=50).deleted] == ["p"]
    assert grace_seconds(60) == 10


def test_a_clock_that_is_set_back_starts_its_time_anew_and_gives_it_no_more() -> None:
    found = look(RUNS, seconds=-600)
    assert found.since == {"uid-of-p": NOW - timedelta(seconds=600)}
    assert found.next_deadline == NOW - timedelta(seconds=550)


def test_a_short_time_is_halved() -> None:
    assert [grace_seconds(seconds) for seconds in (1, 2, 9, 20, 3600)] == [0, 1, 4, 10, 10]


def test_it_may_be_evicted_at_once_if_no_node_takes_it() -> None:
    found = look(RUNS, nowhere=("uid-of-p",))
    assert [replica.name for replica in found.evicted] == ["p"]
    assert look(RUNS, seconds=50, nowhere=("uid-of-p",)).evicted == ()


def test_one_that_ends_too_slowly_is_hurried() -> None:
    found = look(ends(RUNS), seconds=50)
    assert [replica.name for replica in found.deleted] == ["p"]


def test_a_clearance_that_comes_back_ends_the_matter() -> None:
    assert look(runs(MODEL, "p", "cleared"), seconds=100) == Uncleared({})


def test_what_holds_no_data_is_nobodys_concern() -> None:
    gated, elsewhere = pod_document(MODEL, "p"), runs(MODEL, "p", "unknown")
    for document in (gated, elsewhere, failed(RUNS)):
        assert look(document, seconds=100) == Uncleared({})
