"""Version folders: the numbered children of a model's base path."""

from dataclasses import dataclass
from pathlib import Path

_MAX_NUMBER = (1 << 63) - 1
"""A version is an int64 on the wire."""


@dataclass(frozen=True, slots=True)
class VersionFolder:
    """One version on disk."""

    number: int
    path: Path


def latest(base_path: Path) -> VersionFolder | None:
    """Return the folder with the highest number; other names are ignored, leading zeros allowed.

    A base path that is not there has no versions. Of two folders with one number, such as 1 and 001, the
    first by name is taken.
    """
    try:
        children = sorted(base_path.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return None
    numbered = (child for child in children if child.name.isascii() and child.name.isdigit())
    folders = (VersionFolder(int(child.name), child) for child in numbered if child.is_dir())
    return max(
        (folder for folder in folders if folder.number <= _MAX_NUMBER),
        key=lambda folder: folder.number,
        default=None,
    )
