"""Documents become values; what the API server would refuse is refused here too, and names the same field."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from fogline.api.budgets import MoveBudget
from fogline.api.document import as_stored, problems
from fogline.api.fields import ApiObject
from fogline.api.modeldeployment import ModelDeployment
from fogline.api.modeltraining import ModelTraining
from fogline.api.nodeprofile import NodeProfile
from fogline.api.rules import rules_on
from fogline.errors import BadInputError

T = TypeVar("T", bound=ApiObject)


def parse(document: object, *, strict: bool = False) -> ModelDeployment:
    """Make a ModelDeployment of a JSON or YAML document.

    Parameters
    ----------
    document
        Plain dicts, lists, strings and numbers.
    strict
        Refuse fields that are unknown, as `kubectl apply` does. Without it they are ignored, because an
        object from a cluster may have been written for a newer Fogline.

    Raises
    ------
    BadInputError
        The document is no valid ModelDeployment; the error names the first field that is wrong.
    """
    return _read(document, ModelDeployment, strict=strict)


def parse_node_profile(document: object, *, strict: bool = False) -> NodeProfile:
    """Make a NodeProfile of a JSON or YAML document; see `parse`.

    Raises
    ------
    BadInputError
        The document is no valid NodeProfile; the error names the first field that is wrong.
    """
    return _read(document, NodeProfile, strict=strict)


def parse_model_training(document: object, *, strict: bool = False) -> ModelTraining:
    """Make a ModelTraining of a JSON or YAML document; see `parse`.

    Raises
    ------
    BadInputError
        The document is no valid ModelTraining; the error names the first field that is wrong.
    """
    return _read(document, ModelTraining, strict=strict)


def parse_budgets(document: object) -> tuple[MoveBudget, ...]:
    """Make budgets of a list of JSON documents; see `parse`.

    Raises
    ------
    BadInputError
        It is no list of valid budgets; the error names the first field that is wrong.
    """
    if not isinstance(document, list):
        raise BadInputError("is no list of budgets")
    return tuple(_read(one, MoveBudget, strict=True) for one in document)


def _read(document: object, kind: type[T], *, strict: bool) -> T:
    plain = as_stored(document)
    for problem in problems(plain, kind, strict=strict):
        raise problem
    try:
        found = msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise _bad_input(error) from error
    for problem in _broken_rules(found, ""):
        raise problem
    return found


def _bad_input(error: msgspec.ValidationError) -> BadInputError:
    """Take the path out of the message, the only place where msgspec puts it."""
    message, _, path = str(error).partition(" - at `$")
    message = message.replace(r"\\Z'", "$'")  # as kubectl writes the same pattern
    return BadInputError(message, re.sub(r"^\.|\[\.\.\.\]|`$", "", path))


def _broken_rules(value: ApiObject, path: str) -> Iterator[BadInputError]:
    for rule in rules_on(type(value)):
        if rule.holds and not rule.holds(value):
            yield BadInputError(rule.message, f"{path}{rule.field}")
    for name, wire_name in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
        inner: Any = getattr(value, name)
        here = f"{path}{wire_name}"
        if isinstance(inner, ApiObject):
            yield from _broken_rules(inner, f"{here}.")
        elif isinstance(inner, tuple):
            for index, item in enumerate(inner):
                if isinstance(item, ApiObject):
                    yield from _broken_rules(item, f"{here}[{index}].")
