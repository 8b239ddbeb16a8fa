"""Commands of ``fogline`` on a live cluster, run in this process: to start one takes longer than a test."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from click.testing import CliRunner, Result

from fogline.cli import main

Fogline = Callable[..., Awaitable[Result]]


def fogline_on(kubeconfig: Path, *fixed: str) -> Fogline:
    """Give a way to run commands, each with some arguments at its end."""

    def run(*arguments: str) -> Result:
        more = [f"--kubeconfig={kubeconfig}", *fixed]
        return CliRunner().invoke(main, [*arguments, *more], prog_name="fogline", catch_exceptions=False)

    return lambda *arguments: asyncio.to_thread(run, *arguments)
