"""How answers are written: the ways of ``-o``, and tables on a terminal and in a pipe."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from tests.support.plan_files import MODEL, NODES, POD

from fogline.cli import main

LONG_NODE = "gke-production-europe-west-4-pool-n2-standard-16-0a1b2c3d-4e5f"
FILES = ("-f", "nodes.yaml", "-f", "models.yaml")
EXPLAIN = ("explain", "digits", "-n", "shop", *FILES)
PLAN = ("plan", *FILES)
TOP = ("top", *FILES)
EVERYONE = [EXPLAIN, PLAN, TOP]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def on_a_terminal(width: int, *arguments: str) -> list[str]:
    """Run the program on a terminal so wide, and give the lines that it writes there."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    unsaid = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "LINES"}}
    code = f"import sys; sys.argv = {['fogline', *arguments]}; from fogline.cli import main; main()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=its, stderr=subprocess.PIPE, env=unsaid):
        os.close(its)
        text = b""
        try:
            while piece := os.read(ours, 65536):
                text += piece
        except OSError:  # what Linux says when the other end is closed
            pass
        os.close(ours)
    return text.decode().splitlines()


def header(text: str) -> list[str]:
    """Give the titles of the first table."""
    line = next(line for line in text.splitlines() if "COST/H" in line)
    return re.split("  +", line)


@pytest.fixture(autouse=True)
def cluster(files: Path) -> None:
    """One node with a long name, a replica on it and one to be placed."""
    nodes = f"{NODES}---\n{POD}".replace("cloud-1", LONG_NODE)
    (files / "nodes.yaml").write_text(nodes)
    (files / "models.yaml").write_text(MODEL)


@pytest.mark.parametrize("arguments", EVERYONE, ids=lambda given: given[0])
def test_a_pipe_gets_whole_names_however_narrow_the_terminal(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = run(*arguments).stdout
    assert LONG_NODE in text
    assert "…" not in text


@pytest.mark.parametrize("arguments", EVERYONE, ids=lambda given: given[0])
def test_a_terminal_gets_tables_as_wide_as_it_is(arguments: tuple[str, ...]) -> None:
    narrow = on_a_terminal(80, *arguments)
    tables = [line for line in narrow if "…" in line]
    assert tables
    assert max(map(len, tables)) <= 80
    assert not any("…" in line for line in on_a_terminal(200, *arguments))


def test_wide_shortens_nothing_on_a_terminal_either() -> None:
    wide = on_a_terminal(80, *TOP, "-o", "wide")
    assert any(LONG_NODE in line for line in wide)
    assert not any("…" in line for line in wide)


@pytest.mark.parametrize(
    ("arguments", "titles"),
    [
        (EXPLAIN, ["TIER", "SITE", "SINCE"]),
        (PLAN, ["TIER", "SITE"]),
        (TOP, ["PENALTY/H", "ALLOCATABLE CPU", "ALLOCATABLE MEMORY", "WITH TARGET", "UNKNOWN LATENCY"]),
    ],
    ids=lambda given: given[0],
)
def test_wide_adds_columns(arguments: tuple[str, ...], titles: list[str]) -> None:
    given, wide = (header(run(*arguments, "-o", way).stdout) for way in ("table", "wide"))
    assert wide == given + titles


def test_wide_says_of_a_plan_in_sums_how_many_sites_it_uses(files: Path) -> None:
    names = [f"cloud-{number}" for number in range(30)]
    (files / "nodes.yaml").write_text("---\n".join(NODES.replace("cloud-1", name) for name in names))
    (files / "models.yaml").write_text(MODEL.replace("replicas: 2", "replicas: 5"))
    header, row = run(*PLAN, "-o", "wide").stdout.splitlines()[:2]
    assert (header.split()[-2:], row.split()[-2:]) == (["TIER", "SITES"], ["Cloud", "3"])


def test_wide_says_of_a_difference_for_whom(files: Path) -> None:
    clients = "  placement: {clients: [{site: plant-a}]}\n"
    (files / "models.yaml").write_text(MODEL.replace("replicas: 2", "replicas: 1") + clients)
    (files / "nodes.yaml").write_text(NODES)
    text = run(*PLAN, "--without-node=cloud-1", "-o", "wide").stdout
    assert "shop/digits  1  cloud-1  for client site plant-a" in text


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (EXPLAIN, ["pod/r-1"]),
        (PLAN, ["modeldeployment.fogline.dev/digits"]),
        (TOP, ["modeldeployment.fogline.dev/digits"]),
        ((*PLAN, f"--without-node={LONG_NODE}"), ["modeldeployment.fogline.dev/digits"]),
        ((*PLAN, f"--cost={LONG_NODE}=2"), []),
        ((*PLAN, "-n", "other"), []),
        ((*TOP, "-n", "other"), []),
    ],
)
def test_name_writes_one_object_a_line_for_other_commands(
    arguments: tuple[str, ...], names: list[str]
) -> None:
    assert run(*arguments, "-o", "name").stdout.splitlines() == names


@pytest.mark.parametrize("arguments", EVERYONE, ids=lambda given: given[0])
def test_another_way_is_refused_with_the_list_of_those_there_are(arguments: tuple[str, ...]) -> None:
    result = run(*arguments, "-o", "xml")
    assert result.exit_code == 2
    assert all(f"'{way}'" in result.stderr for way in ("table", "wide", "name", "json", "yaml"))


@pytest.mark.parametrize("command", ["explain", "plan", "top"])
def test_the_ways_are_completed_and_explained(command: str) -> None:
    shell = ShellComplete(main, {}, "fogline", "_FOGLINE_COMPLETE")
    ways = [item.value for item in shell.get_completions([command, "-o"], "")]
    assert ways == ["table", "wide", "name", "json", "yaml"]
    told = " ".join(run(command, "--help").stdout.split())
    assert "wide has every column" in told
    assert "name is one kind.group/name in each line" in told
