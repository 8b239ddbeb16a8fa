"""Objects that an operator before this one applied: which of them need no write."""

import json
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from hashlib import sha256
from typing import Any

import msgspec

from fogline.cluster.client import Client
from fogline.cluster.documents import Document, decode
from fogline.cluster.kinds import Kind
from fogline.errors import BadInputError
from fogline.names import APPLIED_ANNOTATION, MODEL_LABEL, ModelKey
from fogline.units import parse_quantity

_DIGITS = 16
_OF_QUANTITIES = frozenset({"requests", "limits"})


class _Meta(msgspec.Struct, rename="camel", omit_defaults=True):
    name: str
    namespace: str
    uid: str
    resource_version: str
    generation: int = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: list[dict[str, Any]] = []


class _Child(msgspec.Struct):
    metadata: _Meta
    spec: msgspec.Raw


class Inherited:
    """The children as they were when this operator began to decide.

    A write that changes nothing is a request all the same, and after a restart there would be several for
    each model, which at our rate takes minutes. So we note on each child what it was applied from, and leave
    it alone as long as it still has all of that.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[Kind, ModelKey], tuple[_Meta, bytes]] = {}
        """What is compared, the spec as JSON: as objects all of them would take ten times as much memory."""

    async def read(self, client: Client, kinds: Iterable[Kind]) -> None:
        """List the children of all models.

        Raises
        ------
        ApiError
            The API server refuses it or cannot be reached.
        """
        for kind in kinds:
            async with aclosing(client.pages(kind, _Child, label_selector=MODEL_LABEL)) as pages:
                async for page in pages:
                    for live in page.items:
                        key = ModelKey(live.metadata.namespace, live.metadata.name)
                        self._found[kind, key] = live.metadata, bytes(live.spec)

    def take(self, kind: Kind, key: ModelKey) -> Document | None:
        """Give a child once: what was found tells nothing any more when it was written."""
        found = self._found.pop((kind, key), None)
        if found is None:
            return None
        return {"metadata": msgspec.to_builtins(found[0]), "spec": decode(found[1], Document)}


def noted(document: Document) -> Document:
    """Note on a child what it is applied from."""
    meta = document["metadata"]
    notes = {**meta.get("annotations", {}), APPLIED_ANNOTATION: _digest(document)}
    return {**document, "metadata": {**meta, "annotations": notes}}


def is_as_applied(live: Mapping[str, Any], wanted: Document) -> bool:
    """Tell whether to apply a document would change nothing.

    The note tells that the last who applied wanted the same, so no field of his is to go; the comparison
    tells that nobody has changed it since.
    """
    note = noted(wanted)
    return all(_has_all(live[part], note[part]) for part in ("metadata", "spec"))


def _digest(document: Document) -> str:
    """Sum up what a document says. Replicas come and go, and controllers copy the note to other objects."""
    spec = {field: value for field, value in document["spec"].items() if field != "replicas"}
    return sha256(json.dumps({**document, "spec": spec}, sort_keys=True).encode()).hexdigest()[:_DIGITS]


def _has_all(live: Any, wanted: Any, name: str = "") -> bool:
    """Tell whether a value has all that is wanted; the API server adds defaults and drops what is empty."""
    if not wanted and isinstance(wanted, dict | list):
        return not live or isinstance(wanted, dict)
    if isinstance(wanted, dict):
        if not isinstance(live, dict):
            return False
        return all(_has_all(live.get(field), value, _name(name, field)) for field, value in wanted.items())
    if isinstance(wanted, list):
        if not isinstance(live, list) or len(live) != len(wanted):
            return False
        return all(map(_has_all, live, wanted))
    return bool(live == wanted) or (name in _OF_QUANTITIES and _is_same_quantity(live, wanted))


def _name(parent: str, field: str) -> str:
    return parent if parent in _OF_QUANTITIES else field


def _is_same_quantity(one: Any, other: Any) -> bool:
    try:
        return parse_quantity(one) == parse_quantity(other)
    except BadInputError:
        return False
