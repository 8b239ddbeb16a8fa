"""The chart as it was before its last change, out of the history of the checkout."""

import io
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from dev.chart import CHART, VALUES
from dev.paths import ROOT

LIMIT_SECONDS = 180


@dataclass(frozen=True, slots=True)
class PreviousChart:
    """A chart of a former commit, with the values that were used for it."""

    commit: str
    chart: Path
    values: Path


def previous_chart(folder: Path) -> PreviousChart | None:
    """Unpack it into a folder; None where there is no history of it, as in an archive of the sources."""
    if not (ROOT / ".git").exists():
        return None
    paths = [str(path.relative_to(ROOT)) for path in (CHART, VALUES)]
    commits = _git("log", "--format=%H", "--", paths[0]).decode().split()
    is_changed = bool(_git("status", "--porcelain", "--", paths[0]).strip())
    former = commits if is_changed else commits[1:]
    if not former:
        return None
    with tarfile.open(fileobj=io.BytesIO(_git("archive", former[0], *paths))) as archive:
        archive.extractall(folder, filter="data")
    return PreviousChart(former[0], folder / paths[0], folder / paths[1])


def _git(*arguments: str) -> bytes:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, check=True, timeout=LIMIT_SECONDS
    ).stdout
