"""What a rule between fields is: one value with its CEL text for the API server and its twin in Python."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fogline.api.fields import LABEL_KEY, ApiObject, schema_pattern

T = TypeVar("T", bound=ApiObject)

_MAX_DOMAIN_CHARACTERS = 253
KEYS_CEL = (
    f"all(k, k.indexOf('/') <= {_MAX_DOMAIN_CHARACTERS} &&\n  k.matches(r'{schema_pattern(LABEL_KEY)}'))"
)
"""Macro on a map: its keys are keys of labels; `are_label_keys` is its twin."""


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """Something that must hold between the fields of an object."""

    on: type[T]
    """Type of the object."""
    field: str
    """Path, from the object, of the field that the user should look at."""
    message: str
    """What the user reads when the rule does not hold."""
    cel: str
    """The rule for the API server; ``self`` is the object."""
    holds: Callable[[T], bool] | None = None
    """The same rule in Python; None when it compares an old object with a new one."""


def at_most(field: str, most: str) -> str:
    """Write in CEL that a decimal string, if it is there, is at most a number."""
    return f"!has(self.{field}) || quantity(self.{field}).compareTo(quantity('{most}')) <= 0"


def are_label_keys(keys: Mapping[str, Any] | None) -> bool:
    """Tell whether all keys of a map are keys of labels."""
    return all(key.find("/") <= _MAX_DOMAIN_CHARACTERS and re.match(LABEL_KEY, key) for key in keys or ())
