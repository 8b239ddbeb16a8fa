"""What every source of artifacts offers, whatever its protocol."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fogline_model_fetcher.pieces import Piece


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file as the store announces it."""

    path: str
    """Relative to the version folder, parts separated by ``/``. Not trustworthy before ``limits.check``."""
    key: str
    """What the store calls it."""
    size_bytes: int | None
    """None when the store does not say."""
    etag: str | None
    """Strong entity tag; None when the store gives none or only a weak one."""
    has_ranges: bool
    """Whether the store answers requests for parts of it, several at the same time."""

    @property
    def is_resumable(self) -> bool:
        """Whether a part of it can be proven to belong to the same content."""
        return self.size_bytes is not None and self.etag is not None


@dataclass(frozen=True, slots=True)
class Listing:
    """All files of an artifact."""

    files: tuple[RemoteFile, ...]
    is_folder: bool
    """Decides what ``sha256`` is of: the one file, or the list of files."""


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of a file from an offset on."""

    offset_bytes: int
    """Where the bytes begin: as asked for, or 0 when the store cannot resume; then they go to the end."""
    chunks: Iterator[bytes]


class Source(Protocol):
    """A place that holds one artifact."""

    def list_files(self) -> Listing:
        """Ask for all files, without their content.

        Raises
        ------
        FetchError
            There is no such artifact, or it may not be read.
        TransientError
            The store does not answer properly.
        """

    def open(self, piece: "Piece") -> AbstractContextManager[Body]:
        """Ask for a part of exactly the file that was listed.

        Raises
        ------
        FetchError
            The file may not be read.
        TransientError
            The store does not answer properly, or the file is another one by now. Reading chunks may raise it
            too.
        """
