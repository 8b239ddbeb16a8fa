"""Required node affinity, evaluated as kube-scheduler does (k8s.io/component-helpers, ``nodeaffinity``)."""

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]


def accepts(affinity: Document, labels: Mapping[str, str], node_name: str = "") -> bool:
    """Tell whether a node may run a pod with this ``spec.affinity``: one of the terms must hold."""
    required = affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return any(_term_holds(term, labels, node_name) for term in required["nodeSelectorTerms"])


def keys_of(affinity: Document) -> Iterator[str]:
    """Name the labels that it asks for."""
    required = affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    for term in required["nodeSelectorTerms"]:
        yield from (one["key"] for one in term.get("matchExpressions", ()))


def _term_holds(term: Document, labels: Mapping[str, str], node_name: str) -> bool:
    expressions, fields = term.get("matchExpressions", ()), term.get("matchFields", ())
    if not expressions and not fields:
        return False  # an empty term matches no node
    name = {"metadata.name": node_name}
    return all(_holds(one, labels) for one in expressions) and all(_holds(one, name) for one in fields)


def _holds(requirement: Document, values: Mapping[str, str]) -> bool:
    key, allowed = requirement["key"], requirement.get("values", ())
    match requirement["operator"]:
        case "In":
            return key in values and values[key] in allowed
        case "NotIn":
            return key not in values or values[key] not in allowed
        case "Exists":
            return key in values
        case "DoesNotExist":
            return key not in values
        case other:
            raise ValueError(f"operator {other!r} is not understood here")
