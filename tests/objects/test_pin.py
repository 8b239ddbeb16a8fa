"""The JSON patches that let a gated pod go, applied to pods as the API server holds them."""

import copy
from dataclasses import replace
from typing import Any

import jsonpatch
import pytest
from tests.support.builders import make_model
from tests.support.live import NOW, patched, pod_document, replica_of, stored

from fogline.names import GATE
from fogline.objects import PinnedPlace, open_gate, pin

MODEL = stored(make_model())
PLACE = PinnedPlace("edge-1", "plant-a", cost_per_hour="0.25", latency_milliseconds=5, decided_at=NOW)
UNNAMED = replace(PLACE, client_site=None, latency_milliseconds=None)
FIELD = {"key": "metadata.name", "operator": "In", "values": ["edge-1"]}
NOTES = {
    "fogline.dev/client-site": "plant-a",
    "fogline.dev/cost-per-hour": "0.25",
    "fogline.dev/latency-milliseconds": "5",
    "fogline.dev/decided-at": "2030-01-02T03:04:05Z",
}


def gated(annotations: dict[str, str] | None = None, gates: tuple[str, ...] = (GATE,)) -> dict[str, Any]:
    document = pod_document(MODEL, "digits-edge-1", "edge")
    document["spec"]["schedulingGates"] = [{"name": gate} for gate in gates]
    if annotations is not None:
        document["metadata"]["annotations"] = annotations
    return document


def terms_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    required = document["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    found: list[dict[str, Any]] = required["nodeSelectorTerms"]
    return found


def test_a_pin_changes_nothing_but_terms_notes_and_our_gate() -> None:
    before = gated({"kept": "yes"})
    after = patched(before, pin(replica_of(before), PLACE))
    expected = copy.deepcopy(before)
    expected["metadata"]["annotations"] = {"kept": "yes", **NOTES}
    expected["spec"]["schedulingGates"] = []
    for term in terms_of(expected):
        term["matchFields"] = [FIELD]
    assert len(terms_of(expected)) > 1
    assert after == expected


@pytest.mark.parametrize("annotations", [None, {}])
def test_a_pod_without_annotations_gets_the_notes_of_the_decision(annotations: dict[str, str] | None) -> None:
    before = gated(annotations)
    assert patched(before, pin(replica_of(before), PLACE))["metadata"]["annotations"] == NOTES
    opened = patched(before, open_gate(replica_of(before), NOW))
    assert opened["metadata"]["annotations"] == {"fogline.dev/decided-at": NOTES["fogline.dev/decided-at"]}


def test_what_is_not_known_of_the_place_is_not_noted() -> None:
    before = gated()
    noted = patched(before, pin(replica_of(before), UNNAMED))["metadata"]["annotations"]
    assert noted.keys() == {"fogline.dev/cost-per-hour", "fogline.dev/decided-at"}


def test_notes_of_an_earlier_decision_are_written_over() -> None:
    before = gated({"fogline.dev/decided-at": "2020-01-01T00:00:00Z"})
    noted = patched(before, pin(replica_of(before), PLACE))["metadata"]["annotations"]
    assert noted == NOTES


def test_annotations_with_slashes_and_tildes_are_left_alone() -> None:
    theirs = {"example.com/a": "1", "tilde~key": "2", "~1": "3", "fogline.dev~1decided-at": "4"}
    before = gated(dict(theirs))
    noted = patched(before, pin(replica_of(before), PLACE))["metadata"]["annotations"]
    assert noted == {**theirs, **NOTES}


@pytest.mark.parametrize(
    ("gates", "left"),
    [
        ((GATE, "kueue.x-k8s.io/admission"), ["kueue.x-k8s.io/admission"]),
        (("kueue.x-k8s.io/admission", GATE), ["kueue.x-k8s.io/admission"]),
        (("a", GATE, "z"), ["a", "z"]),
    ],
)
def test_foreign_gates_stay_wherever_they_stand(gates: tuple[str, ...], left: list[str]) -> None:
    before = gated(gates=gates)
    replica = replica_of(before)
    for patch in (pin(replica, PLACE), open_gate(replica, NOW)):
        after = patched(before, patch)
        assert [gate["name"] for gate in after["spec"]["schedulingGates"]] == left


def test_opening_the_gate_leaves_every_requirement_and_adds_no_pin() -> None:
    before = gated()
    after = patched(before, open_gate(replica_of(before), NOW))
    assert after["spec"] == {**before["spec"], "schedulingGates": []}


@pytest.mark.parametrize(
    "change",
    [
        lambda pod: pod["metadata"].update(uid="uid-of-a-namesake"),
        lambda pod: pod["metadata"].update(resourceVersion="12"),
        lambda pod: pod["spec"].update(schedulingGates=[{"name": "other"}]),
        lambda pod: pod["spec"].update(schedulingGates=[{"name": "other"}, {"name": GATE}]),
        lambda pod: pod["spec"].update(schedulingGates=[]),
    ],
    ids=["other pod", "newer version", "our gate gone", "our gate moved", "no gate"],
)
def test_a_pod_that_changed_meanwhile_refuses_the_patch(change: Any) -> None:
    before = gated()
    replica = replica_of(before)
    change(before)
    for patch in (pin(replica, PLACE), open_gate(replica, NOW)):
        with pytest.raises((jsonpatch.JsonPatchTestFailed, jsonpatch.JsonPatchConflict)):
            patched(before, patch)


def test_the_tests_of_a_patch_stand_before_its_changes() -> None:
    replica = replica_of(gated())
    for patch in (pin(replica, PLACE), open_gate(replica, NOW)):
        operations = [step["op"] for step in patch]
        assert operations == sorted(operations, key=lambda op: op != "test")
        assert operations.count("test") == 3


def test_a_pod_without_our_gate_is_never_pinned_or_opened() -> None:
    replica = replica_of(gated(gates=("other",)))
    with pytest.raises(ValueError, match=GATE):
        pin(replica, PLACE)
    with pytest.raises(ValueError, match=GATE):
        open_gate(replica, NOW)


def test_a_pod_without_required_affinity_is_never_pinned() -> None:
    document = gated()
    del document["spec"]["affinity"]
    with pytest.raises(ValueError, match="no required node affinity"):
        pin(replica_of(document), PLACE)


def test_a_stand_in_names_its_original() -> None:
    placed = patched(gated(), pin(replica_of(gated()), replace(PLACE, stands_in_for="uid-of-a")))
    assert placed["metadata"]["annotations"] == {**NOTES, "fogline.dev/stands-in-for": "uid-of-a"}
    assert replica_of(placed).stands_in_for == "uid-of-a"
