"""The commands in the documentation: each is run by a test, or the page says why not."""

import re
import subprocess
from pathlib import Path

import pytest
from dev.paths import ROOT
from tests.support.doc_commands import Block, blocks, run

WAYS = {"files", "cluster", "kind", "none"}


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_every_block_of_commands_is_run_or_says_why_not(block: Block) -> None:
    assert block.how in WAYS, f"{block} needs a comment such as <!-- run: cluster --> before it"
    assert bool(block.reason) == (block.how == "none")


@pytest.mark.parametrize("block", blocks("files"), ids=str)
def test_commands_that_need_no_cluster_do_what_the_page_says(block: Block, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"a model")
    run(block, tmp_path)


def test_a_command_that_prints_something_else_than_the_page_fails(tmp_path: Path) -> None:
    page = ROOT / "docs" / "index.md"
    block = Block(page, 1, "console", "files", "", "$ echo 3 nodes, 5 ms\n3 nodes, ...\n$ echo two\none\n")
    with pytest.raises(AssertionError, match="it prints\ntwo"):
        run(block, tmp_path)


def test_a_script_fails_at_its_first_command_that_fails(tmp_path: Path) -> None:
    block = Block(ROOT / "README.md", 1, "sh", "files", "", "false\ntouch later\n")
    with pytest.raises(AssertionError, match=re.escape("$ false")):
        run(block, tmp_path)
    assert not (tmp_path / "later").exists()


def test_verbs_of_make_that_pages_name_are_there() -> None:
    verbs = {
        verb
        for page in ROOT.glob("docs/**/*.md")
        for verb in re.findall(r"`make ([a-z-]+)`", page.read_text())
    }
    known = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=180
    ).stdout
    assert {verb for verb in verbs if not verb.startswith("bench-")} <= {
        line.split()[0] for line in known.splitlines()
    }
