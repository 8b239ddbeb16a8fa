"""Models are tried in a child process before the server loads them: a broken one ends the child."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from fogline_model_server import container
from fogline_model_server.engines import fork_server
from fogline_model_server.engines.measure import Measured
from fogline_model_server.engines.trial import Job, Report
from fogline_model_server.errors import LoadError
from fogline_model_server.limits import LIMITS

_MEMORY_SHARE = 0.9
"""Of the memory that is left, for a trial: the server goes on answering beside it."""
_ENGINES = ("fogline_model_server.engines.litert", "fogline_model_server.engines.tensorflow")
_START_SECONDS = 120.0
"""How long a new process may take to load the engines: 5 s for TensorFlow on an idle machine, and a busy or
small one takes many times as long."""
_REPLY_SECONDS = 10.0
"""How much longer than the trial itself its report may take."""


@dataclass(slots=True)
class Connection:
    """A process that tries models, and the way to it."""

    socket: socket.socket
    process_id: int
    ready: bool
    """Whether it has loaded the engines; before, it says so by `fork_server.READY`."""


def forked() -> Connection:
    """Fork a process that tries models.

    To be called while this process has one thread only, and after the libraries of the engines are loaded:
    the fork shares them.
    """
    ours, theirs = _pair()
    process_id = os.fork()
    if not process_id:
        try:
            ours.close()
            fork_server.serve(theirs)
        finally:
            os._exit(0)
    theirs.close()
    return Connection(ours, process_id, ready=True)


def spawned() -> Connection:
    """Start a process that tries models. It loads the engines that are loaded here, which takes a while."""
    ours, theirs = _pair()
    engines = [name for name in _ENGINES if name in sys.modules]
    program = f"from {fork_server.__name__} import main; main({theirs.fileno()}, {engines})"
    command = [sys.executable, "-c", program]
    with theirs:
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)  # noqa: S603
    process.returncode = 0  # nobody waits for it: it ends when its socket closes
    return Connection(ours, process.pid, ready=False)


def free_memory_bytes() -> int | None:
    """Return what this container may use beyond what it uses now."""
    return container.free_memory_bytes(container.limits())


class Trials:
    """Tries models. Safe to use from several threads, which take turns.

    Parameters
    ----------
    seconds
        How long one trial may take.
    free_memory
        Returns how many bytes are left for all; None: nobody knows.

    """

    def __init__(
        self,
        connection: Connection,
        seconds: float = LIMITS.load_seconds,
        free_memory: Callable[[], int | None] = free_memory_bytes,
    ) -> None:
        self._seconds = seconds
        self._free_memory = free_memory
        self._turn = threading.Lock()
        self._connection = connection

    @property
    def process_id(self) -> int:
        """Return the process that forks the children."""
        return self._connection.process_id

    def tflite(self, file: int, threads: int) -> Report:
        """Try a .tflite file.

        Parameters
        ----------
        file
            Its descriptor.
        threads
            CPU cores that it may use.

        Raises
        ------
        LoadError
            It cannot be loaded.

        """
        return self._report(self._job(threads), [file])

    def saved_model(self, folder: Path, intra_threads: int, inter_threads: int) -> Report:
        """Try a SavedModel, with threads as `EngineOptions` has them.

        Raises
        ------
        LoadError
            It cannot be loaded.

        """
        return self._report(self._job(intra_threads, str(folder.absolute()), inter_threads), [])

    def close(self) -> None:
        """End the process, and a trial that is going on."""
        self._connection.socket.close()

    def _job(self, threads: int, saved_model: str | None = None, inter_threads: int = 0) -> Job:
        free = self._free_memory()
        memory = None if free is None else int(free * _MEMORY_SHARE)
        return Job(threads, memory, self._seconds, saved_model, inter_threads)

    def _report(self, job: Job, files: list[int]) -> Report:
        with self._turn:
            try:
                report = self._asked(job, files)
            except ConnectionError:  # somebody ended the process
                self._start_another()
                try:
                    report = self._asked(job, files)
                except OSError as error:
                    raise LoadError("the process that tries models ended again and again") from error
            except TimeoutError as error:
                # Its answer may still come, and would be taken for that to the next question.
                self._start_another()
                raise LoadError("the process that tries models does not answer") from error
        if report.measured is None:
            raise LoadError(report.reason)
        return report

    def _start_another(self) -> None:
        self.close()
        with suppress(ProcessLookupError):
            os.kill(self.process_id, signal.SIGKILL)
        self._connection = spawned()

    def _asked(self, job: Job, files: list[int]) -> Report:
        if not self._connection.ready:
            self._received(_START_SECONDS)
            self._connection.ready = True
        socket.send_fds(self._connection.socket, [json.dumps(asdict(job)).encode()], files)
        found = json.loads(self._received(job.seconds + _REPLY_SECONDS))
        measured = found["measured"]
        return Report(measured and Measured(**measured), found["reason"], found["sha256"])

    def _received(self, seconds: float) -> bytes:
        self._connection.socket.settimeout(seconds)
        message = self._connection.socket.recv(fork_server.MESSAGE_BYTES)
        if not message:
            raise ConnectionResetError
        return message


def _pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
