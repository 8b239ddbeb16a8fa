"""Servers as processes, and what the kernel knows about them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev.ports import free_port

START_SECONDS = 180.0
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens."""

    process_id: int
    port: int
    """Of gRPC."""
    rest_port: int
    """0: none."""

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND

    def resident_megabytes(self) -> float:
        """Return its resident set, in 10^6 bytes."""
        status = Path(f"/proc/{self.process_id}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


@contextmanager
def ours(base_path: Path, front: str, *flags: str, profile: Path | None = None) -> Iterator[Server]:
    """Start the model server with the model ``digits``; write a profile when it ends if one is wanted."""
    ports = free_port(), free_port()
    program = ("-m", "fogline_model_server")
    if profile:
        program = (str(Path(__file__).with_name("_server_profiled.py")), str(profile))
    flags = (
        *(f"--front={front}", f"--port={ports[0]}", f"--rest_api_port={ports[1]}"),
        *("--model_name=digits", f"--model_base_path={base_path}", *flags),
    )
    with _running([*program, *flags], ports) as server:
        yield server


@contextmanager
def peer(kind: str, folder: Path) -> Iterator[Server]:
    """Start a server of `_server_peers`."""
    port = free_port()
    program = str(Path(__file__).with_name("_server_peers.py"))
    with _running([program, kind, str(port), str(folder)], (port, 0)) as server:
        yield server


@contextmanager
def _running(arguments: Sequence[str], ports: tuple[int, int]) -> Iterator[Server]:
    # With compiled modules on disk, as they are in the image, whatever this shell does.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen([sys.executable, *arguments], stderr=subprocess.DEVNULL, env=variables)  # noqa: S603  our own programs
    try:
        _wait_until_open(process, ports[0])
        yield Server(process.pid, *ports)
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait_until_open(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Look every 5 ms, which is how exact the ready time is."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "the server ended"
        time.sleep(0.005)
    raise TimeoutError("the server does not listen")
