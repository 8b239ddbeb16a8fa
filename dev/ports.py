"""TCP ports for servers that tests and benchmarks start."""

import contextlib
import fcntl
import os
import secrets
import socket
import tempfile
from collections import deque
from pathlib import Path

_FIRST, _LAST = 10_000, 30_000
"""Below the ports that Linux gives to outgoing connections, 32768 to 60999 (``ip_local_port_range``, ip(7)),
and below those of kwokctl and of NodePorts: nobody else comes to a port before its server does."""
_CLAIMS = Path(tempfile.gettempdir()) / "fogline-ports"
_MOST_CLAIMS = 200
_claimed: deque[int] = deque()
"""Files that are locked for the ports that this process gave last. By the time that one is closed, the server
listens or is gone."""


def free_port() -> int:
    """Return a port that nobody listens on, and that no other process of ours was given just now."""
    _CLAIMS.mkdir(exist_ok=True)
    while True:
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        claim = os.open(_CLAIMS / str(port), os.O_CREAT | os.O_RDWR)
        with contextlib.suppress(OSError), socket.socket() as probe:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            probe.bind(("", port))
            _claimed.append(claim)
            if len(_claimed) > _MOST_CLAIMS:
                os.close(_claimed.popleft())
            return port
        os.close(claim)
