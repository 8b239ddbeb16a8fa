r"""The digest of an artifact: the value of ``artifact.sha256``.

Of a file, it is the SHA-256 of the file. Of a folder, it is the SHA-256 of a text with one line for each
file below it, ``<sha256 of the file>  <path relative to the folder>`` and a line feed, the lines sorted by
their bytes. The same with common tools, inside the folder::

    find . -type f -printf '%P\0' | xargs -0 sha256sum | LC_ALL=C sort | sha256sum
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from fogline_model_fetcher.errors import FetchError


def sha256_of(path: Path) -> str:
    """Return the digest of a file or a folder, in hexadecimal.

    Raises
    ------
    FetchError
        It is neither, or a folder holds something that is not a file, such as a symbolic link.
    """
    if path.is_dir():
        return _sha256_of_folder(path)
    if not path.is_file():
        raise FetchError("there is no file or folder of which a digest could be made")
    return _sha256_of_file(path)


def _sha256_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sha256_of_folder(folder: Path) -> str:
    lines = (f"{_sha256_of_file(folder / name)}  {name}\n".encode() for name in _file_names(folder))
    return hashlib.sha256(b"".join(sorted(lines))).hexdigest()


def _file_names(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            mode = (Path(parent) / name).lstat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise FetchError("the folder holds something other than files and folders, such as a link")
        for name in files:
            yield (Path(parent) / name).relative_to(folder).as_posix()
