"""A folder of a mounted claim."""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fogline_trainer.errors import InterruptedStageError, Reason
from fogline_trainer.stores.store import refused

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FolderStore:
    """Writes beside and renames, so that a file or folder is there as a whole or not at all."""

    def __init__(self, uri: str, root: Path) -> None:
        self.uri = uri
        self._root = root

    def read(self, name: str) -> bytes | None:
        """Return a whole file; None if there is none."""
        with self._plain_errors("read"):
            try:
                return (self._root / name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        with self._plain_errors("written"):
            self._beside(name, content).rename(self._root / name)

    def create(self, name: str, content: bytes) -> bool:
        """Write a file if there is none."""
        with self._plain_errors("written"):
            beside = self._beside(name, content)
            try:
                (self._root / name).hardlink_to(beside)
            except FileExistsError:
                return False
            finally:
                beside.unlink()
            return True

    def names(self, folder: str) -> frozenset[str]:
        """Return the names in a folder."""
        with self._plain_errors("read"):
            try:
                return frozenset(path.name for path in (self._root / folder).iterdir())
            except (FileNotFoundError, NotADirectoryError):
                return frozenset()

    def remove(self, folder: str) -> None:
        """Remove a folder."""
        with self._plain_errors("written"):
            shutil.rmtree(self._root / folder, ignore_errors=True)

    def put_folder(self, source: Path, name: str, last: Iterable[str]) -> None:  # noqa: ARG002  renamed as a whole
        """Publish a folder: copy it beside, flush it, rename it."""
        with self._plain_errors("written"):
            target = self._root / name
            beside = target.with_name(f".partial-{target.name}")
            shutil.rmtree(beside, ignore_errors=True)
            shutil.copytree(source, beside)
            for file in _files(beside):
                _flush(file)
            # What is there is not published: only its claimant could have put it there.
            shutil.rmtree(target, ignore_errors=True)
            beside.rename(target)

    def _beside(self, name: str, content: bytes) -> Path:
        target = self._root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        beside.write_bytes(content)
        _flush(beside)
        return beside

    @contextmanager
    def _plain_errors(self, verb: str) -> Iterator[None]:
        try:
            yield
        except PermissionError:
            raise refused(self.uri, verb) from None
        except OSError as error:
            text = "the volume is full: make it bigger" if error.errno in _FULL else error.strerror
            raise InterruptedStageError(Reason.FAILED, f"{self.uri} cannot be {verb}: {text}") from None


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _flush(file: Path) -> None:
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
