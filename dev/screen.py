"""What a person sees while steps run: their titles, their seconds, the last line of output."""

import shutil
import sys
import threading
import time

REFRESH_SECONDS = 1.0
HEARTBEAT_SECONDS = 30.0
"""How often a log without a terminal (CI) hears that a step still runs."""


class Screen:
    """One status line for all running steps on a terminal; plain lines elsewhere. Writes to stderr."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, float] = {}
        self._last_line: dict[str, str] = {}
        self._next_heartbeat: dict[str, float] = {}
        self._terminal = sys.stderr.isatty()

    def begin(self, title: str) -> None:
        """Show that a step has begun."""
        now = time.monotonic()
        with self._lock:
            self._running[title] = now
            self._next_heartbeat[title] = now + HEARTBEAT_SECONDS
            if len(self._running) == 1:
                threading.Thread(target=self._refresh, daemon=True).start()
            if not self._terminal:
                self._print(f"> {title}")

    def progress(self, title: str, line: str) -> None:
        """Remember the newest line of a step's output."""
        self._last_line[title] = line.strip()

    def end(self, title: str, outcome: str) -> None:
        """Show that a step has ended."""
        with self._lock:
            seconds = time.monotonic() - self._running.pop(title)
            self._last_line.pop(title, None)
            self._clear()
            self._print(f"{title}: {outcome}, {seconds:.1f} s")

    def _refresh(self) -> None:
        while True:
            time.sleep(REFRESH_SECONDS)
            with self._lock:
                if not self._running:
                    return
                now = time.monotonic()
                if self._terminal:
                    self._show_status(now)
                else:
                    self._show_heartbeats(now)

    def _show_status(self, now: float) -> None:
        status = " | ".join(self._status(title, now) for title in self._running)
        self._clear()
        sys.stderr.write(status[: shutil.get_terminal_size().columns - 1])
        sys.stderr.flush()

    def _show_heartbeats(self, now: float) -> None:
        for title in self._running:
            if now >= self._next_heartbeat[title]:
                self._next_heartbeat[title] = now + HEARTBEAT_SECONDS
                self._print(f"  {self._status(title, now)}")

    def _status(self, title: str, now: float) -> str:
        return f"{title}: {now - self._running[title]:.0f} s  {self._last_line.get(title, '')}"[:150]

    def _clear(self) -> None:
        if self._terminal:
            sys.stderr.write("\r\033[K")

    def _print(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


screen = Screen()
