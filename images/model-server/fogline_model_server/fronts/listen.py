"""Sockets that front ends listen on."""

import errno
import socket
from pathlib import Path

BACKLOG = 1024
"""Connections that wait to be accepted; the kernel lowers it to net.core.somaxconn."""


def tcp(port: int, what: str) -> socket.socket:
    """Listen on all addresses, of IPv6 too where the machine has it.

    Parameters
    ----------
    what
        For whom, for the error: gRPC or REST.

    Raises
    ------
    OSError
        The port is taken or not allowed.

    """
    try:
        return _bound(port)
    except OSError as error:
        raise OSError(f"cannot listen on {what} port {port}: {error.strerror}") from error


def _bound(port: int) -> socket.socket:
    try:
        return socket.create_server(
            ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
        )
    except OSError as error:
        if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            raise
    return socket.create_server(("0.0.0.0", port), backlog=BACKLOG)  # noqa: S104  a server in a pod


def unix(path: Path) -> socket.socket:
    """Listen on a Unix socket; one that an earlier process left behind is replaced.

    Raises
    ------
    OSError
        Another process listens there, or the folder is not there or not writable.

    """
    try:
        if path.is_socket():
            _remove_abandoned(path)
        return _bound_unix(path)
    except OSError as error:
        raise OSError(f"cannot listen on gRPC socket {path}: {error.strerror}") from error


def _remove_abandoned(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise OSError(errno.EADDRINUSE, "another process listens there")
    path.unlink()


def _bound_unix(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(str(path))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
