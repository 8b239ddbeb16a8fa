"""Stand-ins in one pass: how many pods they are, and which of them go now."""

from dataclasses import replace

from tests.support.builders import make_model
from tests.support.live import make_live_deployment, pod_document, replica_of, serving, stored

from fogline.disruption import StandIns
from fogline.observe import Owned
from fogline.reconcile.cover import Cover, cover
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


def test_one_that_is_deleted_by_name_is_counted_until_it_is_gone() -> None:
    ending = replace(STAND_IN, terminating=True, stands_in_for=ORIGINAL.uid)
    assert look(StandIns(), ORIGINAL, CUT_OFF, ending).replicas == {"edge": 1}
    assert look(StandIns(), ORIGINAL, CUT_OFF).replicas == {}


def test_one_that_its_deployment_takes_is_not_counted_while_it_ends() -> None:
    ending = replace(STAND_IN, terminating=True, stands_in_for=ORIGINAL.uid)
    assert look(StandIns(), ORIGINAL, ending).replicas == {}


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
