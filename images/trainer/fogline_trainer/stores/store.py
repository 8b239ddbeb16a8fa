"""What the stages need of a place to keep files in."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from fogline_trainer.errors import Reason, RefusedError


class Store(Protocol):
    """A folder. Names are relative to it, with slashes."""

    uri: str
    """Of the folder, without a slash at its end."""

    def read(self, name: str) -> bytes | None:
        """Return a whole file; None if there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file, as a whole or not at all."""

    def create(self, name: str, content: bytes) -> bool:
        """Write a file if there is none; say whether it was written. Of several at once, one writes."""

    def names(self, folder: str) -> frozenset[str]:
        """Return the names of the files and folders in a folder; none if it is not there."""

    def remove(self, folder: str) -> None:
        """Remove a folder with all that is in it."""

    def put_folder(self, source: Path, name: str, last: Iterable[str]) -> None:
        """Publish a folder.

        Parameters
        ----------
        last
            Files of it, without which nobody takes it for whole.
        """


def refused(uri: str, verb: str) -> RefusedError:
    """Return the error of a store that does not let us in."""
    return RefusedError(
        Reason.STORE_REFUSED,
        f"{uri} may not be {verb}: the credentials in its Secret must allow to read, list, write and "
        "delete there",
    )
