"""YAML and JSON as documents that know their lines, so that an error can name one."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import yaml

from fogline.cli.endless import refuse_endless
from fogline.errors import BadInputError, FoglineError


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
class Text:
    """YAML or JSON, and where it is from."""

    source: str
    """Name of the file."""
    content: str
    path: str = ""
    """What it is in the file, such as ``items[3]``; empty for all of it."""
    first_line: Callable[[], int] = lambda: 1
    """Tells its line in the file, which takes a while to find in a long one."""


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a text."""

    text: Text
    index: int
    """Which of the documents of the text, from 0."""
    path: str
    """Path inside that document, such as ``items[3]``; empty for the document itself."""
    value: Any

    @property
    def source(self) -> str:
        """Name of the file."""
        return self.text.source

    def document(self) -> "Document":
        """Give itself, as an item of a dump gives its document."""
        return self

    def item(self, number: int) -> "Document":
        """Give one item of a list of objects."""
        return Document(self.text, self.index, f"items[{number}]", self.value["items"][number])

    def place(self) -> str:
        """Say where the document starts, as file and line."""
        return f"{self.source}:{self._line_of('')}"

    def error(self, message: str, field: str = "") -> FileError:
        """Make the error that names file, line and field."""
        path = _joined(self.text.path, self.path, field)
        return FileError(self.source, self._line_of(field), f"{path}: {message}" if path else message)

    def _line_of(self, field: str) -> int:
        """Find the line of a field, or of the nearest thing around it that the file has."""
        try:
            nodes = list(yaml.compose_all(self.text.content, _Loader))
        except yaml.YAMLError:  # JSON may have escapes that YAML does not know
            return self.text.first_line()
        return self.text.first_line() + _line(nodes[self.index], _joined(self.path, field))


def parse(text: Text) -> Iterator[Document]:
    """Read the documents of a text. Empty documents are left out.

    Raises
    ------
    FileError
        The text is neither YAML nor JSON, or it is endless.
    """
    try:
        values = _values(text.content)
    except yaml.MarkedYAMLError as error:
        line = text.first_line() + error.problem_mark.line if error.problem_mark else None
        raise FileError(text.source, line, f"is no valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise FileError(text.source, None, f"is no valid YAML: {error}") from error
    except RecursionError as error:
        raise FileError(text.source, None, "is nested too deeply to be read") from error
    for index, value in enumerate(values):
        if value is not None:
            yield _bounded(Document(text, index, "", value))


def _bounded(document: Document) -> Document:
    try:
        refuse_endless(document.value)
    except BadInputError as error:
        raise FileError(document.source, None, error.message) from error
    return document


def _joined(*parts: str) -> str:
    return ".".join(part for part in parts if part)


def _values(text: str) -> list[Any]:
    """Parse a text; JSON is read a hundred times as fast as YAML."""
    if text.lstrip().startswith("{"):
        with suppress(ValueError):  # YAML may begin like this too, and its reader knows the line of a mistake
            return [json.loads(text, object_pairs_hook=_each_once)]
    return list(yaml.load_all(text, _Loader))


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


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
    """Follow a path such as ``spec.variants[0].name`` to its line, from 0. Keys may hold dots themselves."""
    line: int = node.start_mark.line
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
        return item.start_mark.line, item, rest.removeprefix(".")
    if isinstance(node, yaml.MappingNode):
        fits = [
            (key, value)
            for key, value in node.value
            if path == key.value or path.startswith((f"{key.value}.", f"{key.value}["))
        ]
        if fits:
            key, value = max(fits, key=lambda fit: len(fit[0].value))
            return key.start_mark.line, value, path[len(key.value) :].removeprefix(".")
    return None
