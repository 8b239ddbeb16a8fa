"""Gated pods that are there for a move go where it leads to."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.support.builders import make_model, make_node
from tests.support.live import NOW, live_pod, pod_document, stored
from tests.support.movers import MOVE, ends, evicting, leaves, replicas, runs

from fogline.disruption import Terms, follow, release
from fogline.observe import snapshot, to_pod
from fogline.placement import Usage
from fogline.placer.choose import Choice, Pin, choose
from fogline.snapshot import Node

CHEAP, TARGET, DRAINED = make_node("cloud-0", cost="0.1"), make_node("cloud-1"), make_node("drained")
MODEL = make_model()
OLD = leaves(runs(MODEL, "old"))


def look(
    *gated: str,
    victims: tuple[Mapping[str, Any], ...] = (OLD,),
    replicas_wanted: int = 1,
    target: Node = TARGET,
) -> list[Choice]:
    model = stored(make_model(replicas=replicas_wanted))
    waiting = [pod_document(model, name) for name in gated]
    live = [to_pod(live_pod(document)) for document in victims]
    usage = Usage(snapshot((CHEAP, target, DRAINED), [pod for pod in live if pod]))
    terms = Terms(
        wanted=replicas_wanted, ready_timeout_seconds=600, exists=usage.knows, hindrance=lambda _: ""
    )
    progress = follow(replicas(*victims), terms, NOW + timedelta(seconds=1))
    release(progress.victims, usage)
    return choose(model, replicas(*waiting), progress, usage, NOW)


def pins(choices: list[Choice]) -> list[tuple[str, str, str | None]]:
    """Give the node of each pod that is pinned, and for whom it comes."""
    return [
        (one.replica.name, one.place.node, one.place.replaces and one.place.replaces[0])
        for one in choices
        if isinstance(one, Pin)
    ]


def test_a_pod_goes_to_the_target_although_another_node_is_cheaper() -> None:
    assert pins(look("new")) == [("new", "cloud-1", "uid-of-old")]


def test_one_pod_comes_for_each_victim() -> None:
    second = leaves(runs(MODEL, "second"), replace(MOVE, id="m2", started_at=NOW + timedelta(seconds=1)))
    found = pins(look("a", "b", victims=(OLD, second), replicas_wanted=2))
    assert found == [("a", "cloud-1", "uid-of-old"), ("b", "cloud-1", "uid-of-second")]


def test_a_pod_that_is_wanted_beside_the_move_is_placed_as_ever() -> None:
    found = pins(look("a", "b", replicas_wanted=2))
    assert found == [("a", "cloud-1", "uid-of-old"), ("b", "cloud-1", None)]  # which is paid for by then


def test_a_pod_stays_at_its_gate_when_the_target_takes_nobody_and_nobody_else_is_wanted() -> None:
    assert look("new", target=replace(TARGET, cordoned=True)) == []


def test_a_pod_comes_for_a_victim_that_goes_first_only_when_it_has_gone() -> None:
    victim = leaves(runs(MODEL, "old"), evicting())
    assert look("new", victims=(victim,)) == []
    assert pins(look("new", victims=(ends(victim),))) == [("new", "cloud-1", "uid-of-old")]


def test_a_pod_that_is_made_in_place_of_an_evicted_victim_waits_beside_its_replacement() -> None:
    victim = ends(leaves(runs(MODEL, "old"), evicting()))
    assert pins(look("new", "more", victims=(victim,))) == [("new", "cloud-1", "uid-of-old")]
