"""The commands that the documentation tells people to run, and how tests run them.

A block of commands (``sh`` or ``console``) has a comment before it that says how it is tested:

- ``<!-- run: files -->``: in a folder with the files of the page, without any cluster;
- ``<!-- run: cluster -->``: against a real API server with simulated nodes and the operator;
- ``<!-- run: kind -->``: on the kind cluster, with real nodes;
- ``<!-- run: none, <reason> -->``: not at all.

A ``console`` block has prompts (``$ ``) and what the commands print; ``...`` in it stands for anything.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.paths import ROOT

LIMIT_SECONDS = 180
_BLOCK = re.compile(
    r"(?:^<!-- run: (?P<run>[^\n]*) -->\n)?^```(?P<kind>sh|console)\n(?P<text>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(r"^<!-- file: (\S+) -->\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (?P<command>[^\n]*)\n(?P<output>(?:(?!\$ )[^\n]*\n)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One block of commands."""

    page: Path
    line: int
    kind: str
    """``sh`` or ``console``."""
    how: str
    """``files``, ``cluster``, ``kind``, ``none``; empty where no comment says it."""
    reason: str
    """Why it is not run."""
    text: str

    def __str__(self) -> str:
        """Name it in the list of tests."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Give all pages that people read."""
    folders = (ROOT / name for name in ("docs", "examples", "images", "dev", "charts"))
    return sorted([*ROOT.glob("*.md"), *(page for folder in folders for page in folder.rglob("*.md"))])


def blocks(how: str | None = None) -> list[Block]:
    """Give the blocks of all pages, or those that are tested in one way."""
    found = [block for page in pages() for block in _blocks_of(page)]
    return [block for block in found if how in (None, block.how)]


def _blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in _BLOCK.finditer(text):
        how, _, reason = (found["run"] or "").partition(",")
        line = text.count("\n", 0, found.start("kind")) + 1
        yield Block(page, line, found["kind"], how.strip(), reason.strip(), found["text"])


def run(block: Block, folder: Path, kubeconfig: Path | None = None, **programs: Path) -> str:
    """Run a block in a folder with the files of its page and the examples, and return what it prints.

    Parameters
    ----------
    folder
        Of this block alone. A folder ``examples`` that is there already stays.
    programs
        What to run by which name; else ours, and then what the machine has.

    Raises
    ------
    AssertionError
        A command fails, or a ``console`` block prints something else than the page says.
    """
    for name, text in _FILE.findall(block.page.read_text()):
        (folder / name).write_text(text)
    shell = _Shell(folder, _environment(folder, kubeconfig, programs))
    if block.kind == "sh":
        return shell(block.text)
    told = []
    for one in _COMMAND.finditer(block.text):
        told.append(shell(one["command"], may_fail=True))
        wanted = ".*?".join(re.escape(part) for part in one["output"].split("..."))
        assert re.fullmatch(wanted, told[-1], re.DOTALL), f"{block}: it prints\n{told[-1]}"
    return "".join(told)


def _environment(folder: Path, kubeconfig: Path | None, programs: Mapping[str, Path]) -> dict[str, str]:
    if not (folder / "examples").exists():
        (folder / "examples").symlink_to(ROOT / "examples")
    (folder / ".bin").mkdir()
    for name, path in programs.items():
        (folder / ".bin" / name).symlink_to(path)
    return {
        **os.environ,
        "HOME": str(folder),
        "KUBECONFIG": str(kubeconfig or os.devnull),
        "PATH": os.pathsep.join([str(folder / ".bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }


@dataclass(frozen=True, slots=True)
class _Shell:
    folder: Path
    environment: Mapping[str, str]

    def __call__(self, script: str, *, may_fail: bool = False) -> str:
        """Return what a script prints; one whose output is shown may end with a code that says something."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        assert may_fail or done.returncode == 0, f"$ {script}\n{done.stdout}"
        return done.stdout
