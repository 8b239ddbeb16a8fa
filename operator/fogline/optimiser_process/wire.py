"""How jobs and plans travel between the two processes: as pickles of our own values and of nothing else."""

import io
import pickle
from typing import Any, TypeVar

_OURS = "fogline."
_PLAIN = {
    ("builtins", "frozenset"),
    ("datetime", "datetime"),
    ("datetime", "timezone"),
    ("datetime", "timedelta"),
    ("decimal", "Decimal"),
}

T = TypeVar("T")


def dump(value: object) -> bytes:
    """Write a value."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def load(data: bytes, as_type: type[T]) -> T:
    """Read a value.

    Raises
    ------
    ValueError
        The bytes are no pickle of our own values, or of another type.
    """
    try:
        value = _OurUnpickler(io.BytesIO(data)).load()
    except Exception as error:
        raise ValueError(f"no {as_type.__name__}: {error}") from error
    if not isinstance(value, as_type):
        raise ValueError(f"no {as_type.__name__} but a {type(value).__name__}")  # noqa: TRY004  what came is wrong
    return value


class _OurUnpickler(pickle.Unpickler):
    """Builds values of ours only, so that no bytes can make it call anything else."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        found = None
        if module_name.startswith(_OURS) or (module_name, global_name) in _PLAIN:
            found = super().find_class(module_name, global_name)
        if not isinstance(found, type):
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is no value of ours")
        return found
