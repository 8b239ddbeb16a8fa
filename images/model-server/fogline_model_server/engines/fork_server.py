"""A process that forks a child for each model to try.

It is forked from the server before that starts any thread, with the libraries of the engines loaded: so a
trial costs a few milliseconds and hardly any memory, where a new process would spend 0.2 s (LiteRT) or 5 s
(TensorFlow) on imports. It is a process of its own because one with threads must not fork.
"""

import json
import os
import select
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from fogline_model_server.engines.trial import Job, Report, attempt, out_of_memory

MESSAGE_BYTES = 1 << 16
"""Longest message of either side."""
READY = b"ready"
"""First message of a new process, when its modules are loaded."""
_OUT_OF_MEMORY = (signal.SIGABRT, signal.SIGKILL)
"""How a process ends that gets no memory: C++ gives up, or the kernel does it."""


def main(descriptor: int, modules: Sequence[str]) -> None:
    """Serve on a socket that a new process inherited, with these modules loaded."""
    for module in modules:
        import_module(module)
    server = socket.socket(fileno=descriptor)
    server.send(READY)
    serve(server)


def serve(server: socket.socket) -> None:
    """Try the models that the server names, one at a time, until it has gone.

    Parameters
    ----------
    server
        One end of a pair of sockets that keep the bounds of messages.

    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends with the server, which may still be draining
    while True:
        message, files, _, _ = socket.recv_fds(server, MESSAGE_BYTES, 1)
        if not message:
            return
        report = _tried(Job(**json.loads(message)), files[0] if files else None, server)
        for file in files:
            os.close(file)
        if report is None:
            return
        server.send(json.dumps(asdict(report)).encode())


def _tried(job: Job, file: int | None, server: socket.socket) -> Report | None:
    """Run one child and return its report; None when the server has gone."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _be_the_child(job, file, writer)
    os.close(writer)
    try:
        answer, in_time = _read(reader, server, job.seconds)
    finally:
        os.close(reader)
        if not _ended(child):
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if answer is None:
        return None
    if not in_time:
        return Report(reason=f"loading the model took longer than {job.seconds:g} s")
    if os.WIFSIGNALED(status) or not answer:
        return Report(reason=_how_it_ended(status, job))
    return Report(**json.loads(answer))


def _be_the_child(job: Job, file: int | None, writer: int) -> NoReturn:
    code = 1
    try:
        with suppress(OSError):  # when memory ends, the kernel shall choose this process and not the server
            Path("/proc/self/oom_score_adj").write_text("1000")
        silence = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(silence, descriptor)
        os.write(writer, json.dumps(asdict(attempt(job, file))).encode())
        code = 0
    finally:
        os._exit(code)


def _read(reader: int, server: socket.socket, seconds: float) -> tuple[bytes | None, bool]:
    """Read what the child writes, and tell whether it ended in time; None when the server has gone."""
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    poll.register(server, 0)  # only whether it has gone
    end = time.monotonic() + seconds
    answer = b""
    while (left := end - time.monotonic()) > 0:
        ready = dict(poll.poll(left * 1000))
        if server.fileno() in ready:
            return None, True
        if reader in ready:
            part = os.read(reader, MESSAGE_BYTES)
            if not part:
                return answer, True
            answer += part
    return answer, False


def _ended(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _how_it_ended(status: int, job: Job) -> str:
    if not os.WIFSIGNALED(status):
        return f"loading the model ended the process that tried it, with exit code {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    reason = f"loading the model ended the process that tried it, with {signal.Signals(number).name}"
    return f"{reason}; perhaps {out_of_memory(job)}" if number in _OUT_OF_MEMORY else reason
