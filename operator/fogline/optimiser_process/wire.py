"""How jobs and plans travel between the two processes: as pickles of our own values and of nothing else."""

import io
import pickle
from collections.abc import Callable, Sequence
from dataclasses import fields
from enum import Enum
from operator import attrgetter
from typing import IO, Any, TypeVar

from fogline.placement.optimised import Placed
from fogline.snapshot import Node, Pod, ReplicaOf

_OURS = "fogline."
_PLAIN = {
    ("builtins", "frozenset"),
    ("datetime", "datetime"),
    ("datetime", "timezone"),
    ("datetime", "timedelta"),
    ("decimal", "Decimal"),
}

T = TypeVar("T")
Reduce = Callable[[Any], tuple[type, tuple[Any, ...]]]
"""Gives a class and the arguments that make a value of it."""


def dump(value: object, known: Sequence[Pod] = ()) -> bytes:
    """Write a value.

    Parameters
    ----------
    known
        What the reader has already: only its numbers are written.
    """
    written = io.BytesIO()
    _OurPickler(written, known).dump(value)
    return written.getvalue()


def load(data: bytes, as_type: type[T], known: Sequence[Pod] = ()) -> T:
    """Read a value.

    Parameters
    ----------
    known
        As it was given when the value was written.

    Raises
    ------
    ValueError
        The bytes are no pickle of our own values, or of another type.
    """
    try:
        value = _OurUnpickler(io.BytesIO(data), known).load()
    except Exception as error:
        raise ValueError(f"no {as_type.__name__}: {error}") from error
    if not isinstance(value, as_type):
        raise ValueError(f"no {as_type.__name__} but a {type(value).__name__}")  # noqa: TRY004  what came is wrong
    return value


def _as_call(kind: type) -> Reduce:
    """Write a value as a call of its class, which takes a third of the time of writing it field by field."""
    values = attrgetter(*(field.name for field in fields(kind)))
    return lambda value: (kind, values(value))


_MANY: dict[type, Reduce] = {kind: _as_call(kind) for kind in (Node, Placed, Pod, ReplicaOf)}
"""What there are tens of thousands of."""


class _Reducers(dict[type, Reduce]):
    """Writes each enum by its value: early versions of Python 3.11 would write a call of ``getattr``."""

    def __missing__(self, kind: type) -> Reduce:
        if not issubclass(kind, Enum):
            raise KeyError(kind)
        return _by_value


def _by_value(member: Enum) -> tuple[type, tuple[Any, ...]]:
    return type(member), (member.value,)


class _Known:
    """Stands for a pod that the reader has, by its number."""


class _OurPickler(pickle.Pickler):
    def __init__(self, file: IO[bytes], known: Sequence[Pod]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        number_of = {id(pod): number for number, pod in enumerate(known)}

        def of_pod(pod: Pod) -> tuple[type, tuple[Any, ...]]:
            number = number_of.get(id(pod))
            return _MANY[Pod](pod) if number is None else (_Known, (number,))

        self.dispatch_table = _Reducers({**_MANY, Pod: of_pod})


class _OurUnpickler(pickle.Unpickler):
    """Builds values of ours only, so that no bytes can make it call anything else."""

    def __init__(self, file: IO[bytes], known: Sequence[Pod]) -> None:
        super().__init__(file)
        self._known = known

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        found = None
        if module_name.startswith(_OURS) or (module_name, global_name) in _PLAIN:
            found = super().find_class(module_name, global_name)
        if not isinstance(found, type):
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is no value of ours")
        return self._known.__getitem__ if found is _Known else found
