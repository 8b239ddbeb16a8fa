"""Lists in JSON, as ``kubectl get -o json`` writes them: split into their items, and not looked into further.

A dump of 5,000 nodes and 28,000 pods has 400 MB. To build all of it as dicts takes longer than the plan; the
types that placement needs are decoded straight from the bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from fogline.cli.documents import Document, Text, parse
from fogline.cluster.documents import decode

T = TypeVar("T")


class _List(msgspec.Struct):
    items: list[msgspec.Raw]
    kind: str


class _Head(msgspec.Struct, rename="camel"):
    kind: str = ""
    api_version: str = "v1"


@dataclass(frozen=True, slots=True)
class Dump:
    """A file with one list of objects."""

    source: str
    data: bytes
    items: list[msgspec.Raw]
    item_kind: str
    """What items are that do not say it, as those of a NodeList; empty when each has to say it."""

    def all(self) -> Iterator["Item"]:
        """Go through the items."""
        return (Item(self, number) for number in range(len(self.items)))

    def line_of(self, number: int) -> int:
        """Find the line on which an item begins."""
        start = end = 0
        for raw in self.items[: number + 1]:
            start = self.data.index(raw, end)
            end = start + len(memoryview(raw))
        return self.data.count(b"\n", 0, start) + 1


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a dump."""

    dump: Dump
    number: int

    @property
    def source(self) -> str:
        """Name of the file."""
        return self.dump.source

    def head(self) -> tuple[str, str] | None:
        """Give kind and apiVersion; None when they cannot be read."""
        try:
            head = self.decode(_Head)
        except msgspec.MsgspecError:
            return None
        kind = head.kind or self.dump.item_kind
        return (kind, head.api_version) if kind else None

    def decode(self, as_type: type[T]) -> T:
        """Read it as a type.

        Raises
        ------
        msgspec.MsgspecError
            It is no such object, or not quite; `document` tells where it differs.
        """
        return decode(self.dump.items[self.number], as_type)

    def document(self) -> Document:
        """Read it as a document, which knows the lines of its mistakes.

        Raises
        ------
        FileError
            A key is there twice.
        """
        dump, number = self.dump, self.number
        content = bytes(dump.items[number]).decode(errors="replace")
        text = Text(dump.source, content, f"items[{number}]", lambda: dump.line_of(number))
        value = next((document.value for document in parse(text)), None)
        if isinstance(value, dict) and dump.item_kind:
            value.setdefault("kind", dump.item_kind)
        return Document(text, 0, "", value)


def split(source: str, data: bytes) -> Dump | None:
    """Split a list into its items; None when the bytes are anything else."""
    try:
        found = msgspec.json.decode(data, type=_List)
    except (msgspec.MsgspecError, RecursionError):
        return None
    if not found.kind.endswith("List"):
        return None
    return Dump(source, data, found.items, found.kind.removesuffix("List"))
