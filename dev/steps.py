"""A step: a title, commands with a limit, a log file, and advice for the case that it fails."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from dev.errors import DevError
from dev.paths import RUN
from dev.screen import screen

SHOWN_LINES = 15
"""Lines of a failed command's output that are shown; the rest is in the log file."""

PIPE_LIMIT_SECONDS = 10.0
"""How long to read on when the command has ended: a daemon that it started may hold the pipe open."""


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
        reads: Path | None = None,
        limit_seconds: float = 600,
    ) -> str:
        """Run a command and return its standard output; both outputs go to the log.

        Parameters
        ----------
        env
            Variables on top of this process's own.
        reads
            File that is its standard input; by default it reads nothing.

        Raises
        ------
        DevError
            The command is missing, fails, or has not ended after `limit_seconds`.
        """
        words = [str(word) for word in command]
        if shutil.which(words[0]) is None:
            raise DevError(f"{self.title}: {words[0]} is not installed", self.advice)
        self._write(f"$ {' '.join(words)}\n")
        with (reads or Path(os.devnull)).open("rb") as file:
            process = subprocess.Popen(
                _tied_to_this_process(words),
                env={**os.environ, **(env or {})},
                cwd=cwd,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        try:
            output = self._follow(process, limit_seconds)
        except subprocess.TimeoutExpired as error:
            raise self._failure(f"`{words[0]}` had not ended after {limit_seconds:.0f} s") from error
        finally:
            if process.poll() is None:
                _kill_group(process)
        if process.returncode != 0:
            raise self._failure(f"`{' '.join(words)[:300]}` ended with status {process.returncode}")
        return output

    def _follow(self, process: subprocess.Popen[bytes], limit_seconds: float) -> str:
        """Return the command's standard output when it has ended; raise `subprocess.TimeoutExpired`."""
        if process.stdout is None or process.stderr is None:
            raise TypeError("both outputs are pipes")
        kept: list[str] = []
        readers = [
            threading.Thread(target=self._read, args=[process.stdout, kept.append], daemon=True),
            threading.Thread(target=self._read, args=[process.stderr, None], daemon=True),
        ]
        for reader in readers:
            reader.start()
        process.wait(timeout=limit_seconds)
        for reader in readers:
            reader.join(timeout=PIPE_LIMIT_SECONDS)
        return "".join(kept)

    def _read(self, pipe: IO[bytes], keep: Callable[[str], None] | None) -> None:
        with pipe:
            for raw in pipe:
                line = raw.decode(errors="replace")
                self._write(line)
                self._lines.append(line)
                screen.progress(self.title, line)
                if keep is not None:
                    keep(line)

    def _write(self, line: str) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as log:
            log.write(line)

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
