"""The values that decisions are made on."""

from dataclasses import replace

import pytest
from tests.support.builders import make_model, make_node, make_pod
from tests.support.live import pod_document, replica_of, stored

from fogline.snapshot import Snapshot

NODE = make_node("n1", latency_milliseconds=40, client_site_latency_milliseconds={"plant-a": 3})


@pytest.mark.parametrize(("site", "milliseconds"), [(None, 40), ("plant-a", 3), ("plant-b", 40)])
def test_a_client_site_without_a_latency_of_its_own_has_the_general_one(
    site: str | None, milliseconds: int
) -> None:
    assert NODE.latency_from(site) == milliseconds


def test_nodes_are_found_by_name_and_snapshots_are_compared_by_what_they_show() -> None:
    one = Snapshot((NODE,), (make_pod("p", "n1"),))
    assert one.by_name == {"n1": NODE}
    assert one == Snapshot((NODE,), (make_pod("p", "n1"),))
    assert one != Snapshot((NODE,))


def test_a_replica_that_terminates_or_ended_is_not_alive() -> None:
    replica = replica_of(pod_document(stored(make_model()), "p"))
    assert replica.alive
    assert not replace(replica, terminating=True).alive
    assert not replace(replica, failure="OutOfcpu").alive
