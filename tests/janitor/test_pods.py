"""Which pods the janitor takes care of, and after what time."""

from collections.abc import Sequence

import pytest
from tests.support.live import NOW

from fogline.cluster.objects import Pod, PodSpec, PodStatus, SchedulingGate
from fogline.cluster.objects.metadata import ObjectMeta
from fogline.janitor.pods import WaitingPods, failed
from fogline.names import GATE


def pod(name: str, gates: Sequence[str] = (GATE,), *, phase: str = "Pending", leaving: bool = False) -> Pod:
    meta = ObjectMeta(name=name, namespace="default", uid=name, deletion_timestamp=NOW if leaving else None)
    spec = PodSpec(scheduling_gates=tuple(SchedulingGate(gate) for gate in gates))
    return Pod(metadata=meta, spec=spec, status=PodStatus(phase=phase))


def test_a_pod_is_due_when_its_gate_was_seen_for_long_enough() -> None:
    waiting, a, b = WaitingPods(), pod("a"), pod("b")
    waiting.changed(None, b, now=10)
    waiting.changed(None, a, now=20)
    waiting.changed(b, b, now=30)  # news of a pod do not start its time anew
    assert waiting.due([a, b], before=10) == []
    assert waiting.due([a, b], before=11) == [b]
    assert waiting.due([a, b], before=21) == [b, a]


@pytest.mark.parametrize(
    "after", [pod("a", ()), pod("a", ["foreign"]), pod("a", leaving=True), None], ids=str
)
def test_a_pod_whose_gate_is_open_or_that_leaves_is_not_due(after: Pod | None) -> None:
    waiting, before = WaitingPods(), pod("a")
    waiting.changed(None, before, now=1)
    waiting.changed(before, after, now=2)
    assert waiting.due([before], before=9) == []


def test_a_pod_with_the_gates_of_others_only_is_left_to_them() -> None:
    waiting, foreign = WaitingPods(), pod("a", ["foreign"])
    waiting.changed(None, foreign, now=1)
    assert waiting.due([foreign], before=9) == []


def test_only_failed_pods_that_nobody_deletes_yet_are_removed() -> None:
    found = failed(
        [
            pod("a", (), phase="Failed"),
            pod("b", (), phase="Running"),
            pod("c", (), phase="Succeeded"),
            pod("d", (), phase="Failed", leaving=True),
        ]
    )
    assert [one.metadata.name for one in found] == ["a"]
