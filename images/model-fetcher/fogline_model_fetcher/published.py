"""The version folder that a model server reads: there as a whole or not at all."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from fogline_model_fetcher.digest import sha256_of
from fogline_model_fetcher.errors import FetchError


@dataclass(frozen=True, slots=True)
class _Record:
    """What was published. It lies beside the version folder, which holds nothing but the artifact."""

    uri: str
    part: str
    """What the digest is of, relative to the version folder: the name of the one file, or ``.``."""
    sha256: str


class Published:
    """One version of one model, ready to be served."""

    def __init__(self, destination: Path, version: str) -> None:
        self.folder = destination / version
        self._record = destination / f".published-{version}.json"
        self._old = destination / f".old-{version}"

    def holds(self, uri: str, sha256: str | None) -> bool:
        """Say whether the artifact is here already, undamaged, so that the store need not be asked.

        With a digest the content decides, whatever its URI was. Without one the URI decides: a version does
        not change, and a node that starts again without a network can serve it.
        """
        record = self._read_record()
        if record is None or (record.uri != uri if sha256 is None else record.sha256 != sha256):
            return False
        try:
            return sha256_of(self.folder / record.part) == record.sha256
        except FetchError:
            return False

    def replace(self, files: Path, uri: str, part: str, sha256: str) -> None:
        """Move a complete folder into place; a crash in between leaves the old one, the new one or none.

        Parameters
        ----------
        part
            What the digest is of: the name of the one file, or ``.`` for the folder.
        """
        self._record.unlink(missing_ok=True)
        shutil.rmtree(self._old, ignore_errors=True)
        if self.folder.exists():
            self.folder.rename(self._old)
        files.rename(self.folder)
        self._record.write_text(json.dumps(asdict(_Record(uri, part, sha256))), "utf-8")
        shutil.rmtree(self._old, ignore_errors=True)

    def _read_record(self) -> _Record | None:
        try:
            return _Record(**json.loads(self._record.read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None
