"""TCP ports for servers that tests and benchmarks start."""

import secrets
import socket

_FIRST, _LAST = 10_000, 30_000
"""Below the ports that Linux gives to outgoing connections, 32768 to 60999 (``ip_local_port_range``, ip(7)),
and below those of kwokctl and of NodePorts: nobody else comes to a port before its server does."""


def free_port() -> int:
    """Return a port that nobody listens on, on any address of this machine."""
    while True:
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        return port
