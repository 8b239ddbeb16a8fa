"""Bounds on what a store may send, checked on the listing, before the first byte."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from fogline_model_fetcher.errors import FetchError, TooBigError
from fogline_model_fetcher.remote import Listing

MAX_FILES = 10_000
MAX_PATH_BYTES = 1_024
MAX_NAME_BYTES = 255
ARCHIVE_SUFFIXES = (".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".zip", ".7z")
"""No model server reads these, and to unpack them safely is a trade of its own."""


def check(listing: Listing, max_bytes: int) -> None:
    """Refuse a listing that is unsafe or too big.

    Raises
    ------
    TooBigError
        There are too many bytes.
    FetchError
        A path leaves the folder or cannot be a file here, there are too many files, or the only file is an
        archive.
    """
    paths = [file.path for file in listing.files]
    if not listing.is_folder and paths[0].endswith(ARCHIVE_SUFFIXES):
        raise FetchError(
            f"{paths[0]} is an archive, and archives are not unpacked: put the files into a folder "
            "of a bucket, a volume or an image"
        )
    if len(paths) > MAX_FILES:
        raise FetchError(
            f"the artifact has more than {MAX_FILES} files: point the URI at one version of one model"
        )
    if not all(map(is_safe_path, paths)):
        raise FetchError(
            "the artifact holds a file name that is absolute, leaves its folder or has odd characters"
        )
    if clashing := _first_clash(paths):
        raise FetchError(f"the artifact holds {clashing!r} both as a file and as a folder")
    total_bytes = sum(file.size_bytes or 0 for file in listing.files)
    if total_bytes > max_bytes:
        raise TooBigError(f"the artifact has {total_bytes} bytes, more than the limit of {max_bytes}")


def is_safe_path(path: str) -> bool:
    """Say whether a path stays inside the folder it is joined to, on every file system."""
    parts = path.split("/")
    return (
        path.isprintable()
        and "\\" not in path
        and len(path.encode()) <= MAX_PATH_BYTES
        and all(part not in ("", ".", "..") and len(part.encode()) <= MAX_NAME_BYTES for part in parts)
    )


def _first_clash(paths: Iterable[str]) -> str | None:
    known = set(paths)
    folders = (str(parent) for path in sorted(known) for parent in PurePosixPath(path).parents)
    return next((folder for folder in folders if folder in known), None)
