"""The command line as a whole: quick to start, and clear about its exit codes."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from dev.paths import ROOT

from fogline.cli import COMMANDS, main
from fogline.cli.command import Command

CLI_PAGE = (ROOT / "docs" / "cli.md").read_text()


def commands() -> Iterator[tuple[str, ...]]:
    """Name every command, those of groups too."""
    for name in sorted(COMMANDS):
        command = import_module(f"fogline.cli.{name}").command
        inner = sorted(command.commands) if isinstance(command, click.Group) else [""]
        yield from (tuple(filter(None, (name, one))) for one in inner)


def command_of(path: tuple[str, ...]) -> click.Command:
    command: click.Command = import_module(f"fogline.cli.{path[0]}").command
    for name in path[1:]:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    return command


def as_program(name: str, *arguments: str, **environment: str) -> str:
    """Run the program by a name of its."""
    code = f"import sys; sys.argv = {[name, *arguments]}; from fogline.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    )
    return done.stdout


def test_help_names_every_command_and_the_exit_codes() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert "Exit codes" in result.stdout
    for name in COMMANDS:
        assert f"  {name} " in result.stdout


@pytest.mark.parametrize("path", [*commands()])
def test_every_command_explains_itself_with_examples_and_exit_codes(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"], prog_name="fogline")
    assert result.exit_code == 0
    assert "Examples:\n  # " in result.stdout
    assert f"\n  fogline {' '.join(path)}" in result.stdout
    assert "Exit codes:\n  0  " in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize("path", [*commands()])
def test_every_example_of_the_help_is_accepted(path: tuple[str, ...]) -> None:
    command = command_of(path)
    assert isinstance(command, Command)
    for _, line in command.examples:
        words = shlex.split(line.partition(" > ")[0])
        assert tuple(words[: len(path)]) == path
        command.make_context("fogline", words[len(path) :])


@pytest.mark.parametrize("path", [*commands()])
def test_every_command_is_on_the_page_about_the_cli_with_an_example(path: tuple[str, ...]) -> None:
    section = CLI_PAGE.partition(f"\n## {' '.join(path)}\n")[2].partition("\n## ")[0]
    assert f"fogline {' '.join(path)}" in section


def test_as_a_plugin_of_kubectl_it_says_so_in_its_help() -> None:
    text = as_program("/usr/local/bin/kubectl-fogline", "top", "--help")
    assert text.startswith("Usage: kubectl fogline top ")
    assert "\n  kubectl fogline top --details\n" in text


def test_bash_completes_commands_once_it_has_read_the_completion_script() -> None:
    script = as_program("fogline", "completion", "bash")
    line = "COMP_WORDS=(fogline ex); COMP_CWORD=1; _fogline_completion fogline; echo ${COMPREPLY[@]}"
    installed = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{line}"],
        env=installed,
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    )
    assert done.stdout.split() == ["explain"]


def test_no_cluster_makes_the_names_of_models_a_question_without_an_answer_not_an_error() -> None:
    words = {"COMP_WORDS": "fogline explain ", "COMP_CWORD": "2", "KUBECONFIG": "/nowhere"}
    assert as_program("fogline", **words, _FOGLINE_COMPLETE="bash_complete").strip() == ""


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
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=180
    )
    assert done.stdout.endswith("[]\n")
