"""The operator and the command line decide the same for the same cluster, to the last byte."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from dev.instances import Instance, documents, rebalance, settled
from tests.support.live import NOW, SETTINGS

from fogline.api import ModelDeployment
from fogline.cli import main
from fogline.cli.dump import split
from fogline.cli.inventory import take_inventory
from fogline.cli.plan_report import unplaceable_document
from fogline.cluster import objects
from fogline.cluster.documents import decode
from fogline.observe import Models, View, assumed_pod, seen_pod, to_replica
from fogline.placement import Decision, Demand, Usage, decide, demand_of, plan, turn

Document = dict[str, Any]
TYPES: dict[str, type[Any]] = {
    "Node": objects.Node,
    "NodeProfile": objects.NodeProfile,
    "Pod": objects.Pod,
}
PROFILE: Document = {
    "apiVersion": "fogline.dev/v1alpha1",
    "kind": "NodeProfile",
    "metadata": {"name": "edge", "uid": "edge"},
    "spec": {"nodeSelector": {"fogline.dev/tier": "Edge"}, "costPerHour": "0.11", "capacityShare": "0.9"},
}


def dump_of(instance: Instance) -> list[Document]:
    """Write an instance as the API server does, with identities and versions."""
    items = [*documents(instance)["items"], PROFILE]
    for number, item in enumerate(items):
        item["metadata"] |= {"uid": f"uid-{number}", "resourceVersion": str(1000 + number)}
        if item["kind"] == "ModelDeployment" and number % 3 == 0:
            item["spec"]["placement"]["cost"] = {"maxPerHour": "0.75"}
    return items


def as_it_was(item: Document) -> Document:
    """Make up how an object was before it became what it is."""
    before = copy.deepcopy(item)
    before["metadata"]["resourceVersion"] = "7"
    match item["kind"]:
        case "Node":
            before["spec"] = {"unschedulable": True}
            before["status"]["allocatable"] = {"cpu": "1", "memory": "1Gi", "pods": "3"}
            before["metadata"]["labels"] = {"topology.kubernetes.io/zone": "elsewhere"}
        case "Pod":
            del before["spec"]["nodeName"]
            before["metadata"]["annotations"] = {}
        case "NodeProfile":
            before["spec"] = {"nodeSelector": {}, "costPerHour": "7"}
        case _:
            before["spec"]["replicas"] = 1
    return before


def gone_since(item: Document) -> Document:
    """Make up an object that is no more."""
    gone = copy.deepcopy(item)
    gone["metadata"] |= {"name": f"{item['metadata']['name']}-gone", "uid": f"{item['metadata']['uid']}-gone"}
    return gone


def history(items: Sequence[Document], random: Random) -> Iterator[tuple[Document | None, Document | None]]:
    """Tell how the cluster became what it is: each object by itself in order, all of them mixed."""
    lives: list[list[tuple[Document | None, Document | None]]] = []
    for item in items:
        before = as_it_was(item)
        lives.append([(None, before), (before, item)] if random.random() < 0.5 else [(None, item)])
        if random.random() < 0.1:
            lives.append([(None, gone_since(item)), (gone_since(item), None)])
    while lives:
        life = random.choice(lives)
        yield life.pop(0)
        if not life:
            lives.remove(life)


def _decoded(document: Document | None, as_type: type[Any]) -> Any:
    return None if document is None else decode(json.dumps(document).encode(), as_type)


class Operator:
    """What the operator knows, told by events."""

    def __init__(self) -> None:
        self.models = Models()
        self.view = View(SETTINGS, lambda _: None, lambda: None, lambda: NOW)

    def see(self, before: Document | None, after: Document | None) -> None:
        """Take in one event, as it comes over the wire."""
        kind = (after or before or {})["kind"]
        if kind == "ModelDeployment":
            if after:
                self.models.remember(after)
            elif before:
                self.models.forget(before)
            return
        changed: Mapping[str, Callable[[Any, Any], None]] = {
            "Node": self.view.node_changed,
            "NodeProfile": self.view.profile_changed,
            "Pod": lambda old, new: self.view.pod_changed(old and seen_pod(old), new and seen_pod(new)),
        }
        changed[kind](_decoded(before, TYPES[kind]), _decoded(after, TYPES[kind]))

    def assume(self, item: Document) -> None:
        """Count a pod on its node before its pin is seen, as after a decision."""
        replica = to_replica(_decoded(item, objects.Pod))
        if replica and replica.node:
            self.view.assume(replica, assumed_pod(replica, replica.node, replica.client_site))

    def demands(self) -> list[Demand]:
        """Give what the models ask."""
        models = (self.models.get(key) for key in self.models)
        return [demand_of(model) for model in models if isinstance(model, ModelDeployment)]

    def decide(self) -> list[Decision]:
        """Decide for all models in turn."""
        usage = self.view.usage()
        return [decide(demand, usage) for demand in sorted(self.demands(), key=turn)]


def operator_after(items: Sequence[Document], seed: int) -> Operator:
    """Let an operator see all of it, and decide now and then on the way."""
    random = Random(seed)  # noqa: S311  the order of events is no secret
    operator = Operator()
    for pod in (item for item in items if item["kind"] == "Pod"):
        if random.random() < 0.05:
            operator.assume(pod)
    for before, after in history(items, random):
        operator.see(before, after)
        if random.random() < 0.01:
            operator.decide()
    return operator


Scenario = Callable[[str], Instance]


@cache
def made(scenario: Scenario, size: str) -> Instance:
    """Make an instance once, which takes seconds."""
    return scenario(size)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("scenario", "size"), [(settled, "small"), (rebalance, "small"), (rebalance, "tiny")]
)
def test_the_operator_decides_as_the_command_line_does_on_a_dump(
    scenario: Scenario, size: str, seed: int
) -> None:
    items = dump_of(made(scenario, size))
    dump = split("dump.json", json.dumps({"kind": "List", "items": items}).encode())
    assert dump
    found = take_inventory(dump.all(), SETTINGS, NOW, lambda _: None)
    operator = operator_after(items, seed)

    assert operator.view.snapshot() == found.snapshot
    by_command = plan(map(demand_of, found.models), found.snapshot).decisions
    assert msgspec.json.encode(operator.decide()) == msgspec.json.encode(by_command)


def test_what_the_command_prints_is_what_the_operator_decides(tmp_path: Path) -> None:
    items = dump_of(made(rebalance, "small"))
    file = tmp_path / "dump.json"
    file.write_text(json.dumps({"kind": "List", "items": items}))
    printed = json.loads(CliRunner().invoke(main, ["plan", "-f", str(file), "-o", "json"]).stdout)

    decisions = operator_after(items, seed=3).decide()

    told = [
        (one["model"], one["variant"], one["node"], one["clientSite"])
        for one in printed["assignments"]
        if not one["inPlace"]
    ]
    assert sorted(told, key=str) == sorted(
        (
            (str(one.model), one.variant, one.node, one.client_site)
            for decision in decisions
            for one in decision.assignments
        ),
        key=str,
    )
    assert printed["unplaceable"] == [
        unplaceable_document(one) for decision in decisions for one in decision.unplaceable
    ]


@pytest.mark.parametrize("seed", [4, 5])
def test_a_usage_kept_in_step_is_the_one_that_is_counted_anew(seed: int) -> None:
    operator = operator_after(dump_of(made(rebalance, "small")), seed)
    kept, anew = operator.view.usage(), Usage(operator.view.snapshot())
    assert kept.nodes == anew.nodes
    for resource in ("cpu", "memory", "pods"):
        assert (kept.free(resource) == anew.free(resource)).all()
        assert (kept.left_of_share(resource) == anew.left_of_share(resource)).all()
    for demand in operator.demands():
        assert kept.cost_of(demand.model) == anew.cost_of(demand.model)
