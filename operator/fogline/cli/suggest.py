"""NodeProfiles to fill in, from what a cluster shows of its nodes. Pure."""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fogline.api import GROUP, NODE_PROFILE_KIND, VERSION
from fogline.names import REGION_LABEL, ZONE_LABEL
from fogline.observe import Profile
from fogline.snapshot import Node
from fogline.units import format_usd

PRICE_LABELS = (
    "node.kubernetes.io/instance-type",
    "karpenter.sh/capacity-type",
    "eks.amazonaws.com/capacityType",
    "cloud.google.com/gke-spot",
    "kubernetes.azure.com/scalesetpriority",
    REGION_LABEL,
)
"""What a price depends on: the kind of machine, how it is bought, and where. The labels are those of
Kubernetes, Karpenter, Amazon, Google and Azure."""
LATENCY_LABELS = (ZONE_LABEL,)
"""What the way of a request depends on: the site."""
_MISSING = {
    "price": 'costPerHour: "0.00"  # US dollars an hour of one whole node',
    "site": 'latency: [{clientSite: "", milliseconds: 0}]  # round trip from clients',
}
"""What somebody has to fill in where the nodes do not say it."""
V = TypeVar("V")
_MOST_CHARACTERS = 63
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A NodeProfile, and what is left to fill in."""

    document: Mapping[str, Any]
    nodes: int
    to_fill_in: tuple[str, ...]
    """Lines of YAML that belong into the spec, each without a value that anybody knows."""


def suggest(nodes: Iterable[Node], profiles: Iterable[Profile]) -> list[Suggestion]:
    """Write a NodeProfile for each price and for each site that there may be.

    Where a NodeProfile selects by the same labels there is nothing to suggest, nor where the nodes have
    nothing in common.
    """
    known = list(nodes)
    present = [dict(one.node_selector) for one in profiles]
    taken = {one.name for one in profiles}
    found = [*_by_labels(known, "price", PRICE_LABELS), *_by_labels(known, "site", LATENCY_LABELS)]
    made = (
        _suggestion(_name(what, selector, taken), what, selector, own)
        for what, selector, own in found
        if selector not in present
    )
    return [one for one in made if len(one.document["spec"]) > 1]


def _by_labels(
    nodes: Iterable[Node], what: str, labels: Collection[str]
) -> Iterator[tuple[str, dict[str, str], list[Node]]]:
    """Group nodes by those of the labels that they have; one without any belongs to no group."""
    groups: defaultdict[tuple[tuple[str, str], ...], list[Node]] = defaultdict(list)
    for node in nodes:
        selector = tuple((label, node.labels[label]) for label in labels if node.labels.get(label))
        if selector:
            groups[selector].append(node)
    for selector in sorted(groups):
        yield what, dict(selector), groups[selector]


def _suggestion(name: str, what: str, selector: Mapping[str, str], nodes: list[Node]) -> Suggestion:
    facts = _price(nodes) if what == "price" else _latency(nodes)
    share = _common(one.capacity_share for one in nodes)
    if not facts and share is not None:  # a NodeProfile says something; this is so already
        facts = {"capacityShare": str(share)}
    missing = _MISSING[what]
    document = {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": NODE_PROFILE_KIND,
        "metadata": {"name": name},
        "spec": {"nodeSelector": dict(selector), **facts},
    }
    return Suggestion(document, len(nodes), () if missing.partition(":")[0] in facts else (missing,))


def _price(nodes: Sequence[Node]) -> dict[str, Any]:
    cost, billing = _common(one.cost_per_hour for one in nodes), _common(one.billing for one in nodes)
    return {
        **({"costPerHour": format_usd(cost)} if cost else {}),
        **({"billing": billing.value} if billing else {}),
    }


def _latency(nodes: Sequence[Node]) -> dict[str, Any]:
    milliseconds = _common(one.latency_milliseconds for one in nodes)
    return {} if milliseconds is None else {"latency": [{"clientSite": "", "milliseconds": milliseconds}]}


def _common(values: Iterable[V]) -> V | None:
    """Give what is the same of all nodes; None where they differ."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _name(what: str, selector: Mapping[str, str], taken: set[str]) -> str:
    """Make a name of the values, that nothing else has."""
    words = _NOT_IN_NAMES.sub("-", "-".join((what, *selector.values())).lower()).strip("-")
    stem = words[: _MOST_CHARACTERS - 4].strip("-")
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name)
    return name


def as_yaml(suggestions: Iterable[Suggestion]) -> Iterator[str]:
    """Write NodeProfiles for people, with what is to be filled in as comments."""
    for one in suggestions:
        meta, spec = one.document["metadata"], one.document["spec"]
        yield "---"
        yield f"# {one.nodes} node{'' if one.nodes == 1 else 's'}"
        yield f"apiVersion: {one.document['apiVersion']}"
        yield f"kind: {one.document['kind']}"
        yield f"metadata: {{name: {json.dumps(meta['name'])}}}"
        yield "spec:"
        yield "  nodeSelector:"
        for label, value in spec["nodeSelector"].items():
            yield f"    {json.dumps(label)}: {json.dumps(value)}"
        for field, value in spec.items():
            if field != "nodeSelector":
                yield f"  {field}: {json.dumps(value)}"
        for line in one.to_fill_in:
            yield f"  # {line}"
