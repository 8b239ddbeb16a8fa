"""YAML and JSON files as documents that know their lines, so that an error can name one."""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fogline.errors import FoglineError


class FileError(FoglineError):
    """Something in a file cannot be used.

    Parameters
    ----------
    source
        Name of the file.
    line
        Counted from 1; None when the file as a whole is at fault.
    message
        What is wrong and what is allowed.
    """

    def __init__(self, source: str, line: int | None, message: str) -> None:
        super().__init__(f"{source}:{line}: {message}" if line else f"{source}: {message}")
        self.source = source
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a file."""

    source: str
    text: str
    """All of the file."""
    index: int
    """Which of the documents of the file, from 0."""
    path: str
    """Path inside that document, such as ``items[3]``; empty for the document itself."""
    value: Any

    def item(self, number: int) -> "Document":
        """Give one item of a list of objects."""
        return Document(self.source, self.text, self.index, f"items[{number}]", self.value["items"][number])

    def line_of(self, field: str = "") -> int:
        """Find the line of a field, or of the nearest thing around it that the file has."""
        path = ".".join(part for part in (self.path, field) if part)
        nodes = list(yaml.compose_all(self.text, _Loader))
        return _line(nodes[self.index], path)

    def place(self) -> str:
        """Say where the document starts, as file and line."""
        return f"{self.source}:{self.line_of()}"

    def error(self, message: str, field: str = "") -> FileError:
        """Make the error that names file, line and field."""
        return FileError(self.source, self.line_of(field), f"{field}: {message}" if field else message)


def read(source: str) -> Iterator[Document]:
    """Read the documents of a file, or of standard input for ``-``. Empty documents are left out.

    Raises
    ------
    FileError
        The file cannot be read, or is neither YAML nor JSON.
    """
    name, text = _text(source)
    try:
        values = _values(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise FileError(name, line, f"is no valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise FileError(name, None, f"is no valid YAML: {error}") from error
    for index, value in enumerate(values):
        if value is not None:
            yield Document(name, text, index, "", value)


def _values(text: str) -> list[Any]:
    """Parse a file; a dump of a large cluster is JSON, which is read a hundred times as fast as YAML."""
    if text.lstrip().startswith("{"):
        with suppress(ValueError):  # YAML may begin like this too, and its reader knows the line of a mistake
            return [json.loads(text, object_pairs_hook=_each_once)]
    return list(yaml.load_all(text, _Loader))


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _text(source: str) -> tuple[str, str]:
    name = "standard input" if source == "-" else source
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return name, data.decode()
    except OSError as error:
        raise FileError(name, None, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(name, None, "is no text in UTF-8") from error


class _Loader(yaml.CSafeLoader):
    """A safe loader that leaves times as text, as Kubernetes does, and refuses a key that is given twice."""

    yaml_implicit_resolvers = {  # noqa: RUF012  the interface of PyYAML
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  the interface of PyYAML
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is there twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _line(node: yaml.Node, path: str) -> int:
    """Follow a path such as ``spec.variants[0].name``; keys may hold dots themselves."""
    line: int = node.start_mark.line + 1
    while path:
        step = _step(node, path)
        if step is None:
            return line
        line, node, path = step
    return line


def _step(node: yaml.Node, path: str) -> tuple[int, yaml.Node, str] | None:
    if isinstance(node, yaml.SequenceNode) and path.startswith("["):
        number, _, rest = path[1:].partition("]")
        if int(number) >= len(node.value):
            return None
        item = node.value[int(number)]
        return item.start_mark.line + 1, item, rest.removeprefix(".")
    if isinstance(node, yaml.MappingNode):
        fits = [
            (key, value)
            for key, value in node.value
            if path == key.value or path.startswith((f"{key.value}.", f"{key.value}["))
        ]
        if fits:
            key, value = max(fits, key=lambda fit: len(fit[0].value))
            return key.start_mark.line + 1, value, path[len(key.value) :].removeprefix(".")
    return None
