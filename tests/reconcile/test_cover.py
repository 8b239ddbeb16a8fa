"""Stand-ins in one pass: how many pods they are, and which of them go now."""

from dataclasses import replace

import pytest
from tests.support.builders import make_model
from tests.support.live import make_live_deployment, pod_document, replica_of, serving, stored

from fogline.disruption import StandIns
from fogline.observe import Owned
from fogline.reconcile.cover import Cover, cover, unreplaced
from fogline.snapshot import Replica

MODEL = stored(make_model())


def replica(name: str, variant: str = "edge", *, ready: bool = True) -> Replica:
    return replace(replica_of(serving(pod_document(MODEL, name, variant), "edge-9")), ready=ready)


ORIGINAL, STAND_IN = replica("a"), replica("s")
CUT_OFF = replica("b", ready=False)


def look(found: StandIns, *there: Replica, must_stay: int = 1, updated: int = 9) -> Cover:
    live = make_live_deployment(MODEL, "edge", replicas=9, status={"updatedReplicas": updated})
    return cover(found, Owned(there, {"edge": live}), must_stay)


def test_stand_ins_that_stay_are_counted_with_their_variant() -> None:
    found = look(StandIns(standing=(STAND_IN,)), ORIGINAL, STAND_IN)
    assert (found.replicas, found.going, found.dismissed) == ({"edge": 1}, (), ())


def test_a_stand_in_that_is_over_goes_when_its_deployment_shrinks() -> None:
    found = look(StandIns(over=(STAND_IN,)), ORIGINAL, STAND_IN)
    assert (found.replicas, found.going, found.dismissed) == ({}, (STAND_IN,), ())
    assert found.left.replicas == (ORIGINAL, STAND_IN)


def test_it_is_deleted_by_name_where_its_deployment_would_take_one_beyond_another_cut_link() -> None:
    found = look(StandIns(over=(STAND_IN,)), ORIGINAL, CUT_OFF, STAND_IN)
    assert (found.replicas, found.going, found.dismissed) == ({"edge": 1}, (), (STAND_IN,))
    assert found.left.replicas == (ORIGINAL, CUT_OFF)


def test_the_replicas_of_other_variants_are_of_no_concern() -> None:
    elsewhere = replica("c", "cloud", ready=False)
    assert look(StandIns(over=(STAND_IN,)), ORIGINAL, elsewhere, STAND_IN).going == (STAND_IN,)


def test_a_stand_in_stays_as_long_as_the_model_lacks_ready_replicas() -> None:
    found = look(StandIns(over=(STAND_IN,)), ORIGINAL, CUT_OFF, STAND_IN, must_stay=2)
    assert (found.replicas, found.going, found.dismissed) == ({"edge": 1}, (), ())


def test_a_stand_in_that_does_not_serve_goes_whatever_is_lacking() -> None:
    starting = replica("s", ready=False)
    assert look(StandIns(over=(starting,)), starting).going == (starting,)


def test_a_stand_in_stays_while_its_deployment_is_rolled_out() -> None:
    found = look(StandIns(over=(STAND_IN,)), ORIGINAL, STAND_IN, updated=8)
    assert (found.replicas, found.going) == ({"edge": 1}, ())


def has_to_wait(*there: Replica, failure: str = "False") -> bool:
    """Tell whether a Deployment that asks for three pods has to wait before it is asked for fewer."""
    status = {"conditions": [{"type": "ReplicaFailure", "status": failure, "message": "quota"}]}
    live = make_live_deployment(MODEL, "edge", replicas=3, status=status)
    return unreplaced(Owned(there, {"edge": live})) == {"edge"}


@pytest.mark.parametrize("gone", [(), (replace(STAND_IN, terminating=True),)], ids=["gone", "going"])
def test_a_deployment_waits_until_it_has_made_up_for_a_deleted_pod_or_it_would_take_one_that_is_cut_off(
    gone: tuple[Replica, ...],
) -> None:
    assert has_to_wait(ORIGINAL, CUT_OFF, *gone)
    gated = replace(replica("g", ready=False), node=None, bound=False)
    assert not has_to_wait(ORIGINAL, CUT_OFF, gated, *gone)


def test_a_deployment_whose_pods_are_all_ready_has_none_that_it_might_take() -> None:
    assert not has_to_wait(ORIGINAL, STAND_IN)


def test_a_deployment_that_can_make_no_more_pods_is_not_waited_for() -> None:
    assert not has_to_wait(ORIGINAL, CUT_OFF, failure="True")
