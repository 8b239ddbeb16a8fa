"""Files that the kubelet mounted: nothing is copied, but they must be there, and be the right ones."""

import logging
import os
import stat
from pathlib import Path

from fogline_model_fetcher.digest import sha256_of
from fogline_model_fetcher.errors import DigestError, FetchError
from fogline_model_fetcher.limits import MAX_FILES
from fogline_model_fetcher.uris import TFLITE_SUFFIX, MountedUri

_log = logging.getLogger(__name__)


def check_mounted(uri: MountedUri, volume: Path, sha256: str | None) -> None:
    """Check the artifact in a mounted volume.

    Parameters
    ----------
    volume
        Where the volume is mounted as a whole.
    sha256
        Lower-case hexadecimal; None: not checked.

    Raises
    ------
    DigestError
        It is not the one that the digest promises.
    FetchError
        It is not there or not readable, or holds links or too many files.
    """
    path = volume / uri.path
    try:
        check_way(uri, volume)
        _check_files(uri, path)
        found = sha256_of(path) if sha256 is not None else None
    except PermissionError:
        raise FetchError(f"{uri} cannot be read by user or group {os.getuid()}: change its mode") from None
    if found != sha256:
        raise DigestError(f"the sha256 of {uri} is {found}, not {sha256}: it is not the expected artifact")
    _log.info("%s is mounted, sha256 %s", uri, found or "not asked for")


def check_way(uri: MountedUri, volume: Path) -> None:
    """Follow no link on the way: the kubelet may resolve it in another way than we do.

    Raises
    ------
    FetchError
        A part of the path is a link, or is not there.
    """
    parts = Path(uri.path).parts
    for depth in range(1, len(parts) + 1):
        path = volume.joinpath(*parts[:depth])
        if path.is_symlink():
            raise FetchError(f"{uri} leads through a link: name what the link points to")
        if not path.exists():
            raise FetchError(f"there is nothing at {uri}")


def _check_files(uri: MountedUri, path: Path) -> None:
    if path.is_dir() == uri.path.endswith(TFLITE_SUFFIX):
        wanted = "a file, as its name says" if path.is_dir() else f"a folder or a {TFLITE_SUFFIX} file"
        raise FetchError(f"{uri} must be {wanted}")
    if path.is_file():
        path.open("rb").close()
        return
    count = 0
    for parent, folders, files in os.walk(path, onerror=_raise):
        modes = [(Path(parent) / name).lstat().st_mode for name in (*folders, *files)]
        if not all(stat.S_ISREG(mode) or stat.S_ISDIR(mode) for mode in modes):
            raise FetchError(f"{uri} holds something other than files and folders, such as a link")
        count += len(files)
        if count > MAX_FILES:
            raise FetchError(f"{uri} has more than {MAX_FILES} files: it must be one version of one model")
    if not count:
        raise FetchError(f"{uri} is an empty folder")


def _raise(error: OSError) -> None:
    raise error
