"""Version folders: the numbered children of a model's base path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fogline_model_server.models.config import All, Latest, Policy, Specific

_MAX_NUMBER = (1 << 63) - 1
"""A version is an int64 on the wire."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What one look at a base path found."""

    folders: Mapping[int, Path]
    """By version number."""
    shadowed: Sequence[Path] = ()
    """Not taken, because another folder has the same number, such as 001 beside 1."""


def scan(base_path: Path) -> Scan | None:
    """Look for version folders; other names are ignored, leading zeros allowed.

    Returns
    -------
    Scan or None
        None when the base path cannot be read, which is not the same as a base path without versions.

    """
    try:
        children = sorted(base_path.iterdir(), key=lambda child: child.name)
        numbered = [child for child in children if _is_number(child.name) and child.is_dir()]
    except OSError:
        return None
    folders: dict[int, Path] = {}
    shadowed = []
    for child in numbered:
        number = int(child.name)
        if number in folders:
            shadowed.append(folders[number])
        folders[number] = child
    return Scan(folders, shadowed)


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit() and int(name) <= _MAX_NUMBER


def wanted(folders: Mapping[int, Path], policy: Policy) -> dict[int, Path]:
    """Return the versions that a policy picks."""
    match policy:
        case Latest(count):
            numbers = sorted(folders)[-count:]
        case Specific(given):
            numbers = sorted(given & folders.keys())
        case All():
            numbers = sorted(folders)
    return {number: folders[number] for number in numbers}
