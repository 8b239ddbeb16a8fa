"""The command line as a whole: quick to start, and clear about its exit codes."""

import subprocess
import sys
from importlib.metadata import version

import pytest
from click.testing import CliRunner

from fogline.cli import COMMANDS, main


def test_help_names_every_command_and_the_exit_codes() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert "Exit codes" in result.stdout
    for name in COMMANDS:
        assert f"  {name} " in result.stdout


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself_and_its_exit_codes(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert "Exit codes:\n" in result.stdout


def test_the_version_is_that_of_the_package() -> None:
    result = CliRunner().invoke(main, ["--version"], prog_name="fogline")
    assert result.stdout == f"fogline {version('fogline')}\n"


def test_an_unknown_command_is_a_mistake_in_the_input() -> None:
    result = CliRunner().invoke(main, ["plam"])
    assert result.exit_code == 2
    assert "plam" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], {"aiohttp", "kopf", "msgspec", "yaml", "fogline.api"}),
        (["plan", "-f", "/dev/null"], {"aiohttp", "kopf", "highspy"}),
        (["top", "-f", "/dev/null"], {"aiohttp", "kopf", "highspy"}),
    ],
)
def test_a_command_imports_no_more_than_it_needs(arguments: list[str], unwanted: set[str]) -> None:
    code = (
        "import sys, contextlib\n"
        "from fogline.cli import main\n"
        f"with contextlib.suppress(SystemExit): main({arguments})\n"
        f"print(sorted({unwanted} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.endswith("[]\n")
