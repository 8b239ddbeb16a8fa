"""The folder of a fetch under way. It is the only state: retry and restart resume from it in the same way."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import BinaryIO

from fogline_model_fetcher.errors import FetchError, TransientError
from fogline_model_fetcher.remote import Listing, RemoteFile, Source

_MANIFEST = "manifest.json"
_FILES = "files"


class Partial:
    """Parts of the files of one listing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files = folder / _FILES

    def prepare(self, uri: str, listing: Listing) -> None:
        """Keep the parts if they belong to exactly this listing, else begin with nothing."""
        manifest = self._folder / _MANIFEST
        wanted = json.dumps([uri, [astuple(file) for file in listing.files]]).encode()
        if manifest.is_file() and manifest.read_bytes() == wanted:
            return
        self.remove()
        self.files.mkdir(parents=True)
        manifest.write_bytes(wanted)

    def size_bytes(self) -> int:
        """Return how many bytes are here."""
        return sum(path.stat().st_size for path in self.files.rglob("*") if path.is_file())

    def missing_bytes(self, listing: Listing) -> int:
        """Return how many bytes have still to come, as far as the store told sizes."""
        return sum((file.size_bytes or 0) - self._size_of(file) for file in listing.files)

    def download(
        self, source: Source, file: RemoteFile, max_bytes: int, report: Callable[[int], None]
    ) -> None:
        """Bring what is missing of one file.

        Parameters
        ----------
        max_bytes
            Most bytes to accept when the store does not tell the size.
        report
            Told how many bytes came, again and again.

        Raises
        ------
        FetchError
            More bytes came than allowed, or the file cannot be fetched.
        TransientError
            The connection broke; what came stays for the next try.
        """
        have_bytes = self._size_of(file)
        path = self.files / file.path
        if path.exists() and have_bytes == file.size_bytes:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        limit_bytes = max_bytes if file.size_bytes is None else file.size_bytes
        with source.open(file, have_bytes) as body, _open_at(path, body.offset_bytes) as stream:
            end_bytes = body.offset_bytes
            for chunk in body.chunks:
                end_bytes += len(chunk)
                if end_bytes > limit_bytes:
                    raise FetchError(
                        f"the store sends more than the {limit_bytes} bytes that were announced or allowed"
                    )
                stream.write(chunk)
                report(len(chunk))
        if file.size_bytes is not None and end_bytes < file.size_bytes:
            raise TransientError(f"the connection ended after {end_bytes} of {file.size_bytes} bytes")

    def remove(self) -> None:
        """Throw all parts away."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _size_of(self, file: RemoteFile) -> int:
        """Return how much of a file is here and may be kept, in bytes."""
        path = self.files / file.path
        if not file.is_resumable or not path.is_file():
            return 0
        size_bytes = path.stat().st_size
        return size_bytes if size_bytes <= (file.size_bytes or 0) else 0


def _open_at(path: Path, offset_bytes: int) -> BinaryIO:
    """Open a part for writing at an offset; follow no link and drop what lies behind the offset."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    stream = os.fdopen(descriptor, "wb")
    stream.truncate(offset_bytes)
    stream.seek(offset_bytes)
    return stream
