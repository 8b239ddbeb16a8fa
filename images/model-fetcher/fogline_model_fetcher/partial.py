"""The folder of a fetch under way. It is the only state: retry and restart resume from it in the same way."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fogline_model_fetcher.errors import FetchError, TransientError
from fogline_model_fetcher.journal import Journal
from fogline_model_fetcher.pieces import Piece, cut
from fogline_model_fetcher.remote import Listing, RemoteFile, Source

NOTE_BYTES = 1024 * 1024
"""So many bytes of a connection are written before they are noted as done."""

_MANIFEST = "manifest.json"
_JOURNAL = "journal"
_FILES = "files"


class Partial:
    """Parts of the files of one listing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._journal = Journal(folder / _JOURNAL)
        self.files = folder / _FILES

    def prepare(self, uri: str, listing: Listing) -> None:
        """Keep the parts if they belong to exactly this listing, else begin with nothing."""
        manifest = self._folder / _MANIFEST
        wanted = json.dumps([uri, [_identity(file) for file in listing.files]]).encode()
        if not manifest.is_file() or manifest.read_bytes() != wanted:
            self.remove()
            self.files.mkdir(parents=True)
            manifest.write_bytes(wanted)
        self._journal = Journal(self._folder / _JOURNAL)

    def size_bytes(self) -> int:
        """Return how many bytes are here to stay."""
        return self._journal.size_bytes()

    def pieces(self, listing: Listing) -> list[Piece]:
        """Return what is still missing."""
        for file in listing.files:
            if file.size_bytes == 0:
                os.close(_create(self.files / file.path))
        return [piece for file in listing.files for piece in cut(file, self._journal.done(file.path))]

    def download(
        self,
        source: Source,
        piece: Piece,
        max_bytes: int,
        report: Callable[[int], None],
        is_stopped: Callable[[], bool],
    ) -> None:
        """Bring a piece.

        Parameters
        ----------
        max_bytes
            Most bytes to accept of a file whose size the store does not tell.
        report
            Told how many bytes came, again and again.
        is_stopped
            Asked again and again whether to leave the rest.

        Raises
        ------
        FetchError
            More bytes came than allowed, or the file cannot be fetched.
        TransientError
            The connection broke; what came stays for the next try.
        """
        limit_bytes = max_bytes if piece.end is None else piece.end
        with source.open(piece) as body, self._writing(piece, body.offset_bytes) as write:
            end_bytes = body.offset_bytes
            for chunk in body.chunks:
                if is_stopped():
                    return
                end_bytes += len(chunk)
                if end_bytes > limit_bytes:
                    raise FetchError(
                        f"the store sends more than the {limit_bytes} bytes that were announced or allowed"
                    )
                write(chunk)
                report(len(chunk))
        if piece.end is not None and end_bytes < piece.end:
            raise TransientError(f"the connection ended after {end_bytes} of {piece.end} bytes")

    def remove(self) -> None:
        """Throw all parts away."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def _writing(self, piece: Piece, offset_bytes: int) -> Iterator[Callable[[bytes], None]]:
        """Write chunk after chunk from an offset on, and note what is done, also when something fails."""
        file = piece.file
        descriptor = _create(self.files / file.path)
        position = noted = offset_bytes

        def note() -> None:
            nonlocal noted
            if file.is_resumable:
                self._journal.note(file.path, (noted, position), descriptor)
            noted = position

        def write(chunk: bytes) -> None:
            nonlocal position
            _write_all(descriptor, chunk, position)
            position += len(chunk)
            if position - noted >= NOTE_BYTES:
                note()

        try:
            if not file.is_resumable:
                os.ftruncate(descriptor, 0)
            yield write
        finally:
            try:
                note()
            finally:
                os.close(descriptor)


def _identity(file: RemoteFile) -> tuple[str, str, int | None, str | None]:
    return file.path, file.key, file.size_bytes, file.etag


def _create(path: Path) -> int:
    """Open a part for writing, and make it if it is not there; follow no link."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)


def _write_all(descriptor: int, chunk: bytes, position: int) -> None:
    view = memoryview(chunk)
    while view:
        count = os.pwrite(descriptor, view, position)
        view, position = view[count:], position + count
