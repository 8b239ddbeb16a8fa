"""Bring one artifact: list, download, verify, publish."""

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial as bound
from pathlib import Path

from fogline_model_fetcher import limits
from fogline_model_fetcher.crew import supervised, work_off
from fogline_model_fetcher.digest import sha256_of
from fogline_model_fetcher.errors import DigestError, FetchError, TransientError
from fogline_model_fetcher.pace import Pace
from fogline_model_fetcher.partial import Partial
from fogline_model_fetcher.pieces import Piece
from fogline_model_fetcher.progress import Progress
from fogline_model_fetcher.published import Published
from fogline_model_fetcher.remote import Listing, Source

_log = logging.getLogger(__name__)

PROGRESS_BYTES = 1024 * 1024
"""An attempt that brought this much more than any before does not count as failed."""
MAX_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to bring, and within which bounds."""

    uri: str
    """Without secrets: it is logged and remembered."""
    destination: Path
    """Folder of the model; the version folder is made in it."""
    version: str
    sha256: str | None
    """Lower-case hexadecimal; None: not checked."""
    max_bytes: int
    attempts: int
    """Attempts in a row that bring next to nothing before giving up."""
    retry_wait_seconds: float
    """Wait after the first failed attempt; it doubles each time, up to 30 s."""
    connections: int
    """How many pieces are fetched at the same time."""
    stall_seconds: float
    """When in so long a time next to nothing comes, the run is given up; its parts stay for the next."""


def fetch(order: Order, source: Source, pause: Callable[[float], None] = time.sleep) -> None:
    """Bring the artifact to ``<destination>/<version>``, or leave it if it is there.

    Raises
    ------
    DigestError
        It is not the one that the digest promises.
    TooBigError
        It has more bytes than allowed.
    FetchError
        It cannot be brought for another reason. Connections may still be open then: end this process.
    """
    published = Published(order.destination, order.version)
    if published.holds(order.uri, order.sha256):
        _log.info("%s is already here, undamaged", order.uri)
        return
    order.destination.mkdir(parents=True, exist_ok=True)
    partial = Partial(order.destination / f".partial-{order.version}")
    listing = _download_all(order, source, partial, pause)
    part = "." if listing.is_folder else listing.files[0].path
    sha256 = sha256_of(partial.files / part)
    if order.sha256 not in (None, sha256):
        partial.remove()
        raise DigestError(
            f"the sha256 of {order.uri} is {sha256}, not {order.sha256}: it is not the expected artifact"
        )
    published.replace(partial.files, order.uri, part, sha256)
    partial.remove()
    _log.info("published %s as version %s, sha256 %s", order.uri, order.version, sha256)


def _download_all(order: Order, source: Source, partial: Partial, pause: Callable[[float], None]) -> Listing:
    """Try until everything is here; each attempt lists anew and goes on where the last one stopped."""
    failures = 0
    most_bytes = 0
    while True:
        pace = Pace(order.stall_seconds)
        try:
            return supervised(bound(_attempt, order, source, partial, pace), pace)
        except TransientError as error:
            size_bytes = partial.size_bytes()
            failures = 1 if size_bytes >= most_bytes + PROGRESS_BYTES else failures + 1
            most_bytes = max(most_bytes, size_bytes)
            if failures >= order.attempts:
                raise FetchError(f"{error}; gave up after {failures} attempts without progress") from error
            wait_seconds = min(order.retry_wait_seconds * 2 ** (failures - 1), MAX_WAIT_SECONDS)
            _log.warning("%s; next attempt in %g s", error, wait_seconds)
            pause(wait_seconds)


def _attempt(order: Order, source: Source, partial: Partial, pace: Pace) -> Listing:
    listing = source.list_files()
    limits.check(listing, order.max_bytes)
    _refuse_what_cannot_be_proven_whole(order, listing)
    partial.prepare(order.uri, listing)
    pieces = partial.pieces(listing)
    missing_bytes = sum((piece.end or 0) - piece.start for piece in pieces)
    _refuse_without_room(order.destination, missing_bytes)
    done_bytes = partial.size_bytes()
    _log.info("fetching %d files of %s, %d bytes are missing", len(listing.files), order.uri, missing_bytes)
    progress = Progress(done_bytes, done_bytes + missing_bytes)

    def report(count_bytes: int) -> None:
        pace.add(count_bytes)
        progress.add(count_bytes)

    def bring(piece: Piece, is_stopped: Callable[[], bool]) -> None:
        partial.download(source, piece, order.max_bytes, report, is_stopped)

    work_off(pieces, bring, order.connections)
    return listing


def _refuse_what_cannot_be_proven_whole(order: Order, listing: Listing) -> None:
    """Insist on a size or a digest: without both, a file that was cut off looks like one that is shorter."""
    if order.sha256 is None and any(file.size_bytes is None for file in listing.files):
        raise FetchError(
            f"the server does not tell the size of {order.uri}, so nothing proves that it came as a whole: "
            "give its sha256"
        )


def _refuse_without_room(folder: Path, missing_bytes: int) -> None:
    free_bytes = shutil.disk_usage(folder).free
    if missing_bytes > free_bytes:
        raise FetchError(
            f"the volume has {free_bytes} bytes free, {missing_bytes} are needed: make it bigger"
        )
