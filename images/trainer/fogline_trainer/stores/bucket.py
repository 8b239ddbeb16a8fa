"""A prefix of a bucket, reached through the guard."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import GCSStore, S3Store

from fogline_model_fetcher.errors import TransientError
from fogline_model_fetcher.guard import Guard
from fogline_trainer.errors import InterruptedStageError, Reason, RefusedError
from fogline_trainer.stores.store import refused

T = TypeVar("T")
RETRY_WAITS_SECONDS = (0.5, 2.0, 8.0)
"""Before each further attempt; a store that is down for longer ends the stage."""


class BucketStore:
    """Objects below a prefix; each is written as a whole."""

    def __init__(self, uri: str, key: str, store: S3Store | GCSStore, guard: Guard) -> None:
        self.uri = uri
        self._key = key
        self._store = store
        self._guard = guard

    def read(self, name: str) -> bytes | None:
        """Return a whole object; None if there is none."""

        def get() -> bytes | None:
            try:
                return obstore.get(self._store, self._path(name)).bytes().to_bytes()
            except FileNotFoundError:
                return None

        return self._try("read", get)

    def write(self, name: str, content: bytes) -> None:
        """Write an object."""
        self._try("written", lambda: obstore.put(self._store, self._path(name), content))

    def create(self, name: str, content: bytes) -> bool:
        """Write an object if there is none, by the store's own precondition."""

        def put() -> bool:
            try:
                obstore.put(self._store, self._path(name), content, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                # ours, if an earlier attempt was answered with an error and did its work all the same
                return self.read(name) == content
            return True

        return self._try("written", put)

    def names(self, folder: str) -> frozenset[str]:
        """Return what lies directly in a folder."""

        def names() -> frozenset[str]:
            found = obstore.list_with_delimiter(self._store, f"{self._path(folder)}/")
            paths = [*(entry["path"] for entry in found["objects"]), *found["common_prefixes"]]
            return frozenset(path.rstrip("/").rsplit("/", 1)[-1] for path in paths)

        return self._try("listed", names)

    def remove(self, folder: str) -> None:
        """Remove all objects of a folder."""

        def remove() -> None:
            for page in obstore.list(self._store, f"{self._path(folder)}/"):
                obstore.delete(self._store, [entry["path"] for entry in page])

        self._try("deleted", remove)

    def put_folder(self, source: Path, name: str, last: Iterable[str]) -> None:
        """Publish a folder, and what makes it whole at the end."""
        files = sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
        ending = set(last)
        for file in sorted(files, key=lambda file: file in ending):
            self.write(f"{name}/{file}", (source / file).read_bytes())

    def _path(self, name: str) -> str:
        return f"{self._key}/{name}"

    def _try(self, verb: str, act: Callable[[], T]) -> T:
        waits_seconds = iter(RETRY_WAITS_SECONDS)
        while True:
            try:
                return act()
            except (PermissionDeniedError, UnauthenticatedError):
                raise refused(self.uri, verb) from None
            except (BaseError, FileNotFoundError):  # a bucket that is not there, too
                failure = self._guard.take_failure()
            if failure and not isinstance(failure, TransientError):
                raise RefusedError(Reason.STORE_REFUSED, str(failure))
            wait_seconds = next(waits_seconds, None)
            if wait_seconds is None:
                raise InterruptedStageError(
                    Reason.STORE_REFUSED,
                    f"{self.uri} cannot be {verb}: check the endpoint, the bucket and the region",
                )
            time.sleep(wait_seconds)
