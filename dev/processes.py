"""Find and end processes by what their command line says; all of it reads ``/proc`` and needs Linux."""

import contextlib
import os
import signal
import time
from collections.abc import Collection
from pathlib import Path

from dev.errors import DevError

POLL_SECONDS = 0.05


def identity(pid: int) -> str | None:
    """Return what tells a process from a later one with the same number, or None when it does not run."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    state, start_ticks = after_name[0], after_name[19]
    return None if state in "ZX" else f"{pid}-{start_ticks}"


def mentioning(text: str, programs: Collection[str]) -> list[int]:
    """Return the processes of programs (names of executables) that have `text` in an argument."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (
                text.encode() in (folder / "cmdline").read_bytes()
                and (folder / "exe").readlink().name in programs
            ):
                found.append(int(folder.name))
    return found


def end(pids: list[int], number: signal.Signals, *, limit_seconds: float) -> None:
    """Send a signal to processes and wait until they are gone.

    Raises
    ------
    DevError
        One of them still runs after `limit_seconds`.
    """
    identities = {pid: identity(pid) for pid in pids}
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    give_up = time.monotonic() + limit_seconds
    for pid, known in identities.items():
        while known is not None and identity(pid) == known:
            if time.monotonic() > give_up:
                raise DevError(
                    f"process {pid} has not ended {limit_seconds:.0f} s after {number.name}", f"kill -9 {pid}"
                )
            time.sleep(POLL_SECONDS)
