"""Python programs that start at once: forked from a process that has imported what they need.

To import the operator takes longer than all else that it does at its start.
"""

import os
import runpy
import signal
import subprocess
import threading
from collections.abc import Mapping
from multiprocessing import forkserver, get_context
from multiprocessing.connection import wait
from pathlib import Path
from typing import Protocol

from dev.paths import ROOT

IMPORTED = ["fogline.handlers.operate", "fogline.janitor.run"]

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(IMPORTED)


class Running(Protocol):
    """A process, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int:
        """Its id."""
        ...

    def poll(self) -> int | None:
        """Give the exit code; None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends; returns the exit code."""
        ...

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        ...


class Forked:
    """A module that runs as a program, with an environment of its own, and writes to a file.

    Parameters
    ----------
    log
        What it prints is added there.
    """

    def __init__(self, module: str, environment: Mapping[str, str], log: Path) -> None:
        _ensure_running()
        self._process = _CONTEXT.Process(target=_run, args=(module, dict(environment), str(log)), daemon=True)
        self._process.start()
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        """Its id."""
        assert self._process.pid
        return self._process.pid

    def poll(self) -> int | None:
        """Give the exit code; None while it runs."""
        with self._lock:  # the exit code can be read once
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends; returns the exit code.

        Raises
        ------
        subprocess.TimeoutExpired
            It goes on for longer.
        """
        wait([self._process.sentinel], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        if self.poll() is None:
            os.kill(self.pid, number)


def _ensure_running() -> None:
    """Start the process that has everything imported; it finds our packages by this variable alone."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT / "operator"), str(ROOT), before)))
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _run(module: str, environment: dict[str, str], log: str) -> None:
    """Become the program."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    with Path(log).open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
