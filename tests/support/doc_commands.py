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


def run(block: Block, folder: Path, environment: Mapping[str, str]) -> None:
    """Run a block in a folder, with the files of its page and the examples in it; fail as it fails.

    Parameters
    ----------
    environment
        Variables besides those of this process. Our programs are found first.
    """
    for name, text in _FILE.findall(block.page.read_text()):
        (folder / name).write_text(text)
    if not (folder / "examples").exists():
        (folder / "examples").symlink_to(ROOT / "examples")
    if block.kind == "sh":
        _bash(block.text, folder, environment)
        return
    for one in _COMMAND.finditer(block.text):
        printed = _bash(one["command"], folder, environment, may_fail=True)
        wanted = "".join(
            ".*?" if part == "..." else re.escape(part) for part in re.split(r"(\.\.\.)", one["output"])
        )
        assert re.fullmatch(wanted, printed, re.DOTALL), (
            f"{block} says\n{one['output']}\nbut it prints\n{printed}"
        )


def _bash(script: str, folder: Path, environment: Mapping[str, str], *, may_fail: bool = False) -> str:
    """Return what a script prints; a shown command may end with a code that says something."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert may_fail or done.returncode == 0, f"$ {script}\n{done.stdout}"
    return done.stdout
