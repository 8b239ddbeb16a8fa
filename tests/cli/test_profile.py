"""``fogline profile nodes``: NodeProfiles to begin with."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from dev import libyaml
from tests.support.builders import make_edge_node, make_node

from fogline.api import Billing, parse_node_profile
from fogline.cli import main
from fogline.cli.suggest import as_yaml, suggest
from fogline.observe import to_profile
from fogline.snapshot import Node

TYPE, ZONE, REGION = (
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
)


def machine(name: str, kind: str = "m5.large", zone: str = "a", **fields: Any) -> Node:
    return make_node(name, labels={TYPE: kind, ZONE: zone, REGION: "eu"}, **fields)


def specs(*nodes: Node) -> dict[str, dict[str, Any]]:
    """Suggest, and give the specs by name: what is applied is what the API takes."""
    documents = list(libyaml.load_all("\n".join(as_yaml(suggest(nodes, [])))))
    for one in documents:
        parse_node_profile(one, strict=True)
    return {one["metadata"]["name"]: one["spec"] for one in documents}


def test_there_is_one_profile_for_each_price_and_one_for_each_site() -> None:
    found = specs(machine("x"), machine("y"), machine("z", "m5.xlarge", "b", cost="2"))
    assert list(found) == ["price-m5-large-eu", "price-m5-xlarge-eu", "site-a", "site-b"]
    assert found["price-m5-xlarge-eu"] == {
        "nodeSelector": {TYPE: "m5.xlarge", REGION: "eu"},
        "costPerHour": "2",
        "billing": "Node",
    }
    assert found["site-a"] == {
        "nodeSelector": {ZONE: "a"},
        "latency": [{"clientSite": "", "milliseconds": 40}],
    }


def test_what_nobody_knows_is_a_comment_to_fill_in() -> None:
    unknown = machine("x", cost="0", latency_milliseconds=None)
    price, site = suggest([unknown], [])
    text = "\n".join(as_yaml([price, site]))
    assert '  # costPerHour: "0.00"  # US dollars an hour of one whole node' in text
    filled = text.replace("  # costPerHour", "  costPerHour").replace("  # latency", "  latency")
    first, second = libyaml.load_all(filled)
    assert parse_node_profile(first, strict=True).spec.cost_per_hour == "0.00"
    assert parse_node_profile(second, strict=True).spec.latency


def test_a_price_on_which_nodes_differ_is_not_made_up_and_nothing_changes_for_them() -> None:
    nodes = [machine("x", cost="1"), machine("y", cost="2"), machine("z", billing=Billing.SHARE)]
    found = specs(*nodes)["price-m5-large-eu"]
    assert found == {"nodeSelector": {TYPE: "m5.large", REGION: "eu"}, "capacityShare": "1"}


def test_how_a_machine_is_bought_is_a_price_of_its_own() -> None:
    spot = make_node("s", labels={TYPE: "m5.large", "karpenter.sh/capacity-type": "spot"}, cost="0.3")
    found = {name for name in specs(machine("x"), spot) if name.startswith("price")}
    assert found == {"price-m5-large-eu", "price-m5-large-spot"}


def test_what_a_profile_says_already_is_left_out() -> None:
    document = {"metadata": {"name": "mine"}, "spec": {"nodeSelector": {ZONE: "a"}, "costPerHour": "1"}}
    mine = to_profile(parse_node_profile(document))
    assert [one.document["metadata"]["name"] for one in suggest([machine("x")], [mine])] == [
        "price-m5-large-eu"
    ]


def test_values_that_make_the_same_name_get_names_of_their_own() -> None:
    one, other = (make_edge_node(name, labels={ZONE: zone}) for name, zone in (("x", "a.b"), ("y", "a_b")))
    assert list(specs(one, other)) == ["site-a-b", "site-a-b-2"]


@pytest.mark.parametrize("value", ["x" * 63, "A_b.C", "1", "true", "null"])
def test_any_label_value_makes_a_valid_profile(value: str) -> None:
    (found,) = specs(make_node("x", labels={ZONE: value})).values()
    assert found["nodeSelector"] == {ZONE: value}


def test_json_and_names_say_the_same(files: Path) -> None:
    nodes = (files / "nodes.yaml").read_text().replace("  labels:\n", f"  labels:\n    {ZONE}: north\n")
    (files / "nodes.yaml").write_text(nodes)
    runner, command = CliRunner(), ["profile", "nodes", "-f", "nodes.yaml"]
    items = json.loads(runner.invoke(main, [*command, "-o", "json"]).stdout)["items"]
    assert [one["metadata"]["name"] for one in items] == ["site-north"]
    assert runner.invoke(main, [*command, "-o", "name"]).stdout == "nodeprofile.fogline.dev/site-north\n"


@pytest.mark.usefixtures("files")
def test_nodes_without_such_labels_leave_nothing_to_suggest() -> None:
    result = CliRunner().invoke(main, ["profile", "nodes", "-f", "nodes.yaml"])
    assert (result.exit_code, result.stdout) == (0, "")
    assert "nothing to suggest" in result.stderr
