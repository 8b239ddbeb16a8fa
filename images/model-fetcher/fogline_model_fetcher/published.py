"""The version folder that a model server reads: there as a whole or not at all."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from fogline_model_fetcher.digest import sha256_of


@dataclass(frozen=True, slots=True)
class _Record:
    """What was published. It lies beside the version folder, which holds nothing but the artifact."""

    uri: str
    sha256: str
    """Of the artifact: of its file, or of its folder."""
    folder_sha256: str
    """Of the version folder, to notice damage."""


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
        if record is None or not self.folder.is_dir() or sha256_of(self.folder) != record.folder_sha256:
            return False
        return record.uri == uri if sha256 is None else record.sha256 == sha256

    def replace(self, files: Path, uri: str, sha256: str) -> None:
        """Move a complete folder into place; a crash in between leaves the old one, the new one or none."""
        record = _Record(uri, sha256, sha256_of(files))
        self._record.unlink(missing_ok=True)
        shutil.rmtree(self._old, ignore_errors=True)
        if self.folder.exists():
            self.folder.rename(self._old)
        files.rename(self.folder)
        self._record.write_text(json.dumps(asdict(record)), "utf-8")
        shutil.rmtree(self._old, ignore_errors=True)

    def _read_record(self) -> _Record | None:
        try:
            return _Record(**json.loads(self._record.read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None
