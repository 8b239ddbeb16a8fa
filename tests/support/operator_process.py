"""The operator as a real process, and its log as a judge."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
from dev.paths import ROOT
from dev.ports import free_port
from tests.support.forks import Forked, Running
from tests.support.wait import wait_for

START_LIMIT_SECONDS = 120.0
STOP_LIMIT_SECONDS = 60.0
_ASK_SECONDS = 0.1
"""To answer costs the operator time that it wants for its start."""

ALARMS = frozenset({"ERROR", "CRITICAL"})
ENDING_NAMESPACE = "because it is being terminated"
"""In a refusal that no right would have prevented."""
RETRIES_OF_KOPF = ("failed; will retry", "TCP closed; will re-authenticate")
"""In what kopf calls an error when it sends a request again."""


class OperatorProcess:
    """Runs the operator from `start` to `stop` or `kill`, any number of times.

    It stands for one pod: when it is started again it takes its own Lease over at once.

    Parameters
    ----------
    kubeconfig
        Where the API server is, and as whom to speak to it.
    log
        File that all its runs write to.
    settings
        Settings by name, such as ``resync_seconds=1``.
    """

    module = "fogline.handlers"

    def __init__(self, kubeconfig: Path, log: Path, **settings: object) -> None:
        self._log = log
        self._port = free_port()
        self._process: Running | None = None
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("FOGLINE_")},
            **{f"FOGLINE_{name.upper()}": str(value) for name, value in settings.items()},
            "FOGLINE_HEALTH_PORT": str(self._port),
            **self._identity(),
            "KUBECONFIG": str(kubeconfig),
            "HOME": str(log.parent),  # whatever cluster ~/.kube/config leads to is not ours
            "PYTHONPATH": str(ROOT / "operator"),
        }

    def _identity(self) -> Mapping[str, str]:
        return {"FOGLINE_POD_UID": str(uuid.uuid4())}

    def is_running(self) -> bool:
        """Tell whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def spawn(self) -> None:
        """Start the process and return at once."""
        self._process = self._launch(self._environment)

    def _launch(self, environment: Mapping[str, str]) -> Running:
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", self.module]
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    async def start(self, limit_seconds: float = START_LIMIT_SECONDS) -> None:
        """Start the process and wait until it knows the cluster."""
        self.spawn()
        await self.ready(limit_seconds)

    async def ready(self, limit_seconds: float = START_LIMIT_SECONDS) -> None:
        """Wait until it knows the cluster."""

        async def is_ready() -> bool:
            assert self.is_running(), f"the operator has ended:\n{self.log()}"
            return await self.trouble() is None

        await wait_for(
            is_ready, "the operator is ready", limit_seconds, every_seconds=_ASK_SECONDS, seen=self._state
        )

    async def _state(self) -> str:
        return f"{await self.trouble()}; its log:\n{self.log()}"

    async def trouble(self) -> str | None:
        """Tell why it says that it is not ready; None when it is."""
        try:
            status, text = await self.ask("/readyz")
        except aiohttp.ClientError as error:
            return str(error)
        return None if status == HTTPStatus.OK else text.strip()

    async def ask(self, path: str) -> tuple[int, str]:
        """Get /livez, /readyz or /metrics: the status and the text."""
        async with aiohttp.ClientSession() as session, session.get(self.url(path)) as answer:
            return answer.status, await answer.text()

    def url(self, path: str) -> str:
        """Give the address of /livez, /readyz or /metrics."""
        return f"http://127.0.0.1:{self._port}{path}"

    async def metrics(self) -> str:
        """Read what Prometheus would."""
        async with aiohttp.ClientSession() as session, session.get(self.url("/metrics")) as answer:
            return await answer.text()

    def resident_bytes(self) -> int:
        """Tell how much memory the process holds."""
        return self.memory()[0]

    def memory(self) -> tuple[int, int]:
        """Tell how many bytes of memory the process holds, and how many it held at most."""
        assert self._process
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = dict(line.split(":", 1) for line in status.splitlines())
        return 1024 * int(found["VmRSS"].split()[0]), 1024 * int(found["VmHWM"].split()[0])

    def cpu_seconds(self) -> float:
        """Tell how long the process has been computing."""
        assert self._process
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        user, system = int(fields[11]), int(fields[12])  # utime and stime, fields 14 and 15 in proc(5)
        return (user + system) / os.sysconf("SC_CLK_TCK")

    def pause(self) -> None:
        """Let it stand still, as on a machine that sleeps."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Let it end as by a power cut."""
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    async def ended(self) -> int:
        """Wait until it ends by itself; returns the exit code."""
        assert self._process
        return await asyncio.to_thread(self._process.wait, STOP_LIMIT_SECONDS)

    async def stop(self) -> int:
        """Ask it to end, and wait for it; returns the exit code."""
        return await asyncio.to_thread(self.end)

    def end(self) -> int:
        """Do the same for a caller that has nothing else to do meanwhile."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            text = f"SIGTERM did not end the operator in {STOP_LIMIT_SECONDS:g} s; its log:\n{self.log()}"
            raise AssertionError(text) from None

    def log(self, offset: int = 0) -> str:
        """Read what it wrote, from a byte on."""
        return self._log.read_bytes()[offset:].decode(errors="replace") if self._log.exists() else ""

    def log_bytes(self) -> int:
        """Count what it wrote."""
        return self._log.stat().st_size if self._log.exists() else 0


class WarmOperatorProcess(OperatorProcess):
    """Runs it in a process that has all imported when it starts: for tests, which start it often."""

    def _launch(self, environment: Mapping[str, str]) -> Running:
        return Forked(self.module, environment, self._log)


class JanitorProcess(WarmOperatorProcess):
    """Runs the janitor in the same way."""

    module = "fogline.janitor"

    def _identity(self) -> Mapping[str, str]:
        return {}


class CollectorProcess(OperatorProcess):
    """Runs the collector in the same way."""

    module = "fogline.collector"

    def _identity(self) -> Mapping[str, str]:
        self._figures_port = free_port()
        return {"FOGLINE_FIGURES_PORT": str(self._figures_port)}

    async def figures(self, query: str = "") -> bytes:
        """Read what programs would."""
        url = f"http://127.0.0.1:{self._figures_port}/v1/figures{query}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert answer.status == HTTPStatus.OK, await answer.text()
            return await answer.read()


class UninstallProcess(JanitorProcess):
    """Runs what is run once, at the end."""

    module = "fogline.uninstall"


def alarms(log: str) -> list[str]:
    """Give the lines of a log that no healthy operator writes: errors, tracebacks, refused rights."""
    return [line for line in log.splitlines() if line.strip() and _is_alarm(line)]


def records(log: str) -> Iterator[Mapping[str, Any]]:
    """Go through the records of a log."""
    for line in log.splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            yield json.loads(line)


def _is_alarm(line: str) -> bool:
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return True
    refused = "403 Forbidden" in line and ENDING_NAMESPACE not in line
    failed = record["levelname"] in ALARMS and not any(one in record["message"] for one in RETRIES_OF_KOPF)
    return refused or failed or "exc_info" in record
