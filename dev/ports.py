"""TCP ports for servers that tests and benchmarks start."""

import contextlib
import os
import secrets
import socket
from collections import deque

_FIRST, _LAST = 10_000, 30_000
"""Below the ports that Linux gives to outgoing connections, 32768 to 60999 (``ip_local_port_range``, ip(7)),
and below those of kwokctl and of NodePorts: nobody else comes to a port before its server does."""
_MOST_CLAIMS = 200
_claims: deque[int] = deque()
"""Descriptors of the claims on the ports that this process gave last. By the time that one is dropped, the
server listens or is gone."""


def free_port() -> int:
    """Return a port that nobody listens on, and that no process of ours was given just now.

    A claim is an abstract socket named after the port (unix(7)): like the port, it is one for the network
    namespace, and it ends with the process.
    """
    while True:
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        claim = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError), socket.socket() as probe:
            claim.bind(f"\0fogline-port-{port}")
            probe.bind(("", port))
            _claims.append(claim.detach())
            if len(_claims) > _MOST_CLAIMS:
                os.close(_claims.popleft())
            return port
        claim.close()
