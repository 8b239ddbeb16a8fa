"""Files and standard input as the objects that they hold."""

import sys
from collections.abc import Iterator
from pathlib import Path

from fogline.cli.documents import Document, FileError, Text, parse
from fogline.cli.dump import Item, split


def read(source: str) -> Iterator[Document | Item]:
    """Read the objects of a file, or of standard input for ``-``. Lists are unpacked.

    Raises
    ------
    FileError
        The file cannot be read, is neither YAML nor JSON, or holds something that is no object.
    """
    name, data = _bytes(source)
    if dump := split(name, data):
        yield from dump.all()
        return
    try:
        text = Text(name, data.decode())
    except UnicodeDecodeError as error:
        raise FileError(name, None, "is no text in UTF-8") from error
    for document in parse(text):
        yield from _unpacked(document)


def _unpacked(document: Document) -> Iterator[Document]:
    """Unpack a list of objects. Items of a typed list such as NodeList need not say their kind."""
    kind = document.value.get("kind") if isinstance(document.value, dict) else None
    if not isinstance(kind, str) or not kind.endswith("List"):
        yield document
        return
    items = document.value.get("items") or []
    if not isinstance(items, list):
        raise document.error("must be a list", "items")
    for number, value in enumerate(items):
        if isinstance(value, dict) and kind != "List":
            value.setdefault("kind", kind.removesuffix("List"))
        yield document.item(number)


def _bytes(source: str) -> tuple[str, bytes]:
    name = "standard input" if source == "-" else source
    try:
        return name, sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise FileError(name, None, f"cannot be read: {error.strerror}") from error
