"""Which bytes of a fetch under way are on the disk: a file that only grows, one line for each span.

A line is written after its bytes were: whatever ends this process, or the machine, what the journal says is
there is there. What it does not say, at most a mebibyte for each connection, is fetched again.
"""

import json
import os
from pathlib import Path
from threading import Lock

from fogline_model_fetcher.pieces import Span, joined

_Spans = dict[str, list[Span]]


class Journal:
    """Spans that are done, by the path of their file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._done: _Spans = _read(path)

    def done(self, path: str) -> list[Span]:
        """Return the spans of a file that are done."""
        with self._lock:
            return list(self._done.get(path, ()))

    def size_bytes(self) -> int:
        """Return how many bytes are done, of all files together."""
        with self._lock:
            return sum(end - start for spans in self._done.values() for start, end in joined(spans))

    def note(self, path: str, span: Span, descriptor: int) -> None:
        """Bring what was written to a file to the disk, then note that it is done.

        Parameters
        ----------
        descriptor
            Of the file.
        """
        if span[0] == span[1]:
            return
        os.fdatasync(descriptor)
        with self._lock:
            self._done[path] = list(joined([*self._done.get(path, ()), span]))
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(f"{json.dumps([path, *span])}\n")


def _read(path: Path) -> _Spans:
    """Read a journal up to the first line that is not whole: the machine may have stopped in the middle."""
    done: _Spans = {}
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    for line in lines:
        try:
            name, start, end = json.loads(line)
        except ValueError:
            break
        done.setdefault(name, []).append((start, end))
    return {name: list(joined(spans)) for name, spans in done.items()}
