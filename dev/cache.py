"""Folders that are named by the content they were made from, so that nothing is made twice.

A folder is made beside its final place and renamed when it is complete: a run that is killed leaves no half
folder, only a temporary one that the next run removes.
"""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.paths import cache_home

KEY_LENGTH = 16
"""Hexadecimal digits of a key: 64 bits, enough to tell the versions of one thing apart."""


def content_key(*parts: str | Path) -> str:
    """Return a key for strings and for the content of files and folders.

    Parameters
    ----------
    parts
        A string counts as it is. A file counts by content. A folder counts by the relative names, modes and
        contents of its files, without ``__pycache__``.

    Raises
    ------
    OSError
        A path cannot be read.
    """
    digest = hashlib.sha256()
    for part in parts:
        for field in _fields(part):
            digest.update(len(field).to_bytes(8, "big"))
            digest.update(field)
    return digest.hexdigest()[:KEY_LENGTH]


def _fields(part: str | Path) -> Iterator[bytes]:
    if isinstance(part, str):
        yield part.encode()
    elif part.is_dir():
        for file in sorted(part.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield str(file.relative_to(part)).encode()
                yield oct(file.stat().st_mode & 0o777).encode()
                yield file.read_bytes()
    else:
        yield part.read_bytes()


def kept_folder(kind: str, key: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of a key; make it if it is not there.

    Parameters
    ----------
    kind
        What the folder holds; the keys of one kind lie side by side.
    key
        From `content_key`, over everything that `make` depends on.
    make
        Fills the empty folder that it is given. It runs at most once at a time for one kind, over all
        processes of this user.
    """
    parent = cache_home() / kind
    folder = parent / key
    if folder.is_dir():
        return folder
    parent.mkdir(parents=True, exist_ok=True)
    with lock(parent / ".lock"):
        if folder.is_dir():
            return folder
        for leftover in parent.glob(".making-*"):
            shutil.rmtree(leftover)
        unfinished = parent / f".making-{key}"
        unfinished.mkdir()
        make(unfinished)
        unfinished.rename(folder)
    return folder


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes; the kernel frees it when its holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
