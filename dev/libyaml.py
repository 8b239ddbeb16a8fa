"""YAML, read by libyaml: in Python alone it takes ten times as long."""

from collections.abc import Iterator
from typing import Any

import yaml


def load(text: str) -> Any:
    """Read the one document of a text."""
    return yaml.load(text, yaml.CSafeLoader)


def load_all(text: str) -> Iterator[Any]:
    """Read the documents of a text."""
    return yaml.load_all(text, yaml.CSafeLoader)
