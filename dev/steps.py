"""A step: a title, commands with a limit, a log file, and advice for the case that it fails."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from dev.errors import DevError
from dev.paths import RUN
from dev.screen import screen

SHOWN_LINES = 15
"""Lines of a failed command's output that are shown; the rest is in the log file."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that runs now."""

    title: str
    advice: str
    log: Path
    _lines: list[str] = field(default_factory=list)

    def run(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: IO[bytes] | None = None,
        limit_seconds: float = 600,
    ) -> str:
        """Run a command and return its standard output; both outputs go to the log.

        Parameters
        ----------
        env
            Variables on top of this process's own.

        Raises
        ------
        DevError
            The command is missing, fails, or has not ended after `limit_seconds`.
        """
        words = [str(word) for word in command]
        try:
            process = subprocess.Popen(
                _tied_to_this_process(words),
                env={**os.environ, **(env or {})},
                cwd=cwd,
                stdin=stdin or subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise DevError(f"{self.title}: {words[0]} is not installed", self.advice) from error
        limit = threading.Timer(limit_seconds, _kill_group, [process])
        limit.start()
        try:
            output = self._follow(process, " ".join(words))
        finally:
            timed_out = not limit.is_alive()
            limit.cancel()
            if process.poll() is None:
                _kill_group(process)
        if timed_out:
            raise self._failure(f"`{words[0]}` had not ended after {limit_seconds:.0f} s")
        if process.returncode != 0:
            raise self._failure(f"`{' '.join(words)[:300]}` ended with status {process.returncode}")
        return output

    def _follow(self, process: subprocess.Popen[bytes], title: str) -> str:
        stdout, stderr = process.stdout, process.stderr
        if stdout is None or stderr is None:
            raise TypeError("both outputs are pipes")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as log:
            log.write(f"$ {title}\n")
            kept: list[str] = []
            readers = [
                threading.Thread(target=self._read, args=[stdout, log, kept]),
                threading.Thread(target=self._read, args=[stderr, log, None]),
            ]
            for reader in readers:
                reader.start()
            process.wait()
            for reader in readers:
                reader.join(timeout=10)  # a daemon that the command started may hold the pipe open
        return "".join(kept)

    def _read(self, pipe: IO[bytes], log: IO[str], kept: list[str] | None) -> None:
        with pipe:
            for raw in pipe:
                line = raw.decode(errors="replace")
                if log.closed:
                    return
                log.write(line)
                log.flush()
                self._lines.append(line)
                screen.progress(self.title, line)
                if kept is not None:
                    kept.append(line)

    def _failure(self, problem: str) -> DevError:
        shown = "".join(f"    {line.rstrip()}\n" for line in self._lines[-SHOWN_LINES:])
        return DevError(f"{self.title}: {problem}\n{shown}    (all of it: {self.log})", self.advice)


@contextmanager
def step(title: str, *, advice: str) -> Iterator[Step]:
    """Show a step with its seconds while its body runs.

    Parameters
    ----------
    advice
        What to do when the step fails; part of the error that its commands raise.
    """
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    log = RUN / "logs" / f"{name}.log"
    log.unlink(missing_ok=True)
    screen.begin(title)
    try:
        yield Step(title, advice, log)
    except BaseException:
        screen.end(title, "FAILED")
        raise
    screen.end(title, "done")


def _tied_to_this_process(words: list[str]) -> list[str]:
    """Let the command die with this process, even when this process is killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *words] if setpriv else words


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
