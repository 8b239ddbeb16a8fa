"""Objects of a bucket: one object, or all objects below a prefix."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, PreconditionError, UnauthenticatedError
from obstore.store import GCSStore, S3Store

from fogline_model_fetcher.errors import FetchError, TransientError
from fogline_model_fetcher.guard import Guard
from fogline_model_fetcher.limits import MAX_FILES
from fogline_model_fetcher.pieces import Piece
from fogline_model_fetcher.remote import Body, Listing, RemoteFile
from fogline_model_fetcher.uris import BucketUri, served_name

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult, ObjectMeta

_RIGHTS = {
    "s3": "GetObject and ListBucket",
    "gs": "storage.objects.get and storage.objects.list",
}
"""What a reader needs, in the words of each store."""


class BucketSource:
    """Reads one object or one prefix of a bucket, through the guard."""

    def __init__(self, uri: BucketUri, store: S3Store | GCSStore, guard: Guard) -> None:
        self._uri = uri
        self._guard = guard
        self._store = store

    def list_files(self) -> Listing:
        """Take the key for an object; where there is none, for a folder."""
        with self._plain_errors():
            try:
                only = obstore.head(self._store, self._uri.key)
            except FileNotFoundError:
                return self._list_folder()
        return Listing((_remote_file(served_name(self._uri.file_name), only),), is_folder=False)

    def _list_folder(self) -> Listing:
        prefix = f"{self._uri.key}/"
        pages = obstore.list(self._store, prefix, chunk_size=1000)
        # One more than allowed is enough to see that there are too many.
        entries = list(islice((entry for page in pages for entry in page), MAX_FILES + 1))
        folders = {self._uri.key, *_folders(entries)}
        # Tools that show a bucket as folders make an object without bytes for each of them.
        objects = [entry for entry in entries if entry["size"] or entry["path"] not in folders]
        files = tuple(_remote_file(entry["path"].removeprefix(prefix), entry) for entry in objects)
        if not files:
            raise FetchError(f"there is nothing at {self._uri}")
        if not all(file.key.startswith(prefix) for file in files):
            raise FetchError(f"the store of {self._uri} lists objects that do not belong to it")
        return Listing(files, is_folder=True)

    @contextmanager
    def open(self, piece: Piece) -> Iterator[Body]:
        """Ask for a part of an object, provided that it is still the one that was listed."""
        file = piece.file
        options: GetOptions = {}
        if file.etag is not None:
            options["if_match"] = file.etag
        if piece.end is not None and (piece.start, piece.end) != (0, file.size_bytes):
            options["range"] = (piece.start, piece.end)
        with self._plain_errors():
            result = obstore.get(self._store, file.key, options=options)
        is_same = file.etag is None or _strong_etag(result.meta) == file.etag
        if not is_same or result.meta["size"] != file.size_bytes:
            raise TransientError(f"{self._uri} changed while it was fetched")
        if result.attributes.get("Content-Encoding", "identity") != "identity":
            raise FetchError(f"an object of {self._uri} is stored compressed: store it as it is")
        yield Body(result.range[0], self._chunks(result))

    def _chunks(self, result: "GetResult") -> Iterator[bytes]:
        with self._plain_errors():
            for chunk in result.stream(min_chunk_size=1):  # each as it comes, so that none is lost
                yield bytes(chunk)

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """Turn the client's errors, whose texts hold URLs and answers of the store, into sentences."""
        try:
            yield
        except FileNotFoundError:
            raise TransientError(f"an object of {self._uri} vanished while it was fetched") from None
        except (PermissionDeniedError, UnauthenticatedError):
            raise FetchError(
                f"{self._uri} may not be read: the credentials must allow {_RIGHTS[self._uri.scheme]}"
            ) from None
        except PreconditionError:
            raise TransientError(f"{self._uri} changed while it was fetched") from None
        except BaseError:
            raise self._guard.take_failure() or TransientError(
                f"the store of {self._uri} broke off the connection or answered with an error: "
                "check the endpoint, the bucket and the region"
            ) from None


def _remote_file(path: str, entry: "ObjectMeta") -> RemoteFile:
    return RemoteFile(path, entry["path"], entry["size"], _strong_etag(entry), has_ranges=True)


def _strong_etag(entry: "ObjectMeta") -> str | None:
    """Return the tag in quotes: some stores leave them out, or send an empty tag, in listings alone."""
    tag = (entry["e_tag"] or "").strip('"')
    return f'"{tag}"' if tag and not tag.startswith("W/") else None


def _folders(entries: Iterable["ObjectMeta"]) -> Iterator[str]:
    return (str(parent) for entry in entries for parent in PurePosixPath(entry["path"]).parents)
