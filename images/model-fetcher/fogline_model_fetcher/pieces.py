"""How missing bytes are cut into pieces that several connections fetch at the same time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fogline_model_fetcher.remote import RemoteFile

PIECE_BYTES = 32 * 1024 * 1024
"""Large enough for a new connection to cost little, small enough for several to share one file."""

Span = tuple[int, int]
"""Bytes of a file: the first one, and the one after the last."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file, to be fetched with one request."""

    file: RemoteFile
    start: int
    end: int | None
    """None when the store does not tell how long the file is."""

    @property
    def is_rest(self) -> bool:
        """Whether nothing of the file comes after it."""
        return self.end is None or self.end == self.file.size_bytes


def cut(file: RemoteFile, done: Iterable[Span]) -> Iterator[Piece]:
    """Cut what is missing of a file; a file without bytes is one piece without bytes."""
    if file.size_bytes is None or not file.is_resumable:
        yield Piece(file, 0, file.size_bytes)
        return
    step = PIECE_BYTES if file.has_ranges else file.size_bytes
    for start, end in gaps(file.size_bytes, done):
        for begin in range(start, end, step):
            yield Piece(file, begin, min(begin + step, end))


def gaps(size_bytes: int, done: Iterable[Span]) -> Iterator[Span]:
    """Return the spans of a file that are not among those that are done, in order."""
    position = 0
    for start, end in joined(done):
        if start > position:
            yield position, start
        position = end
    if position < size_bytes:
        yield position, size_bytes


def joined(spans: Iterable[Span]) -> Sequence[Span]:
    """Return the same bytes in as few spans as possible, in order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
