"""The only function of this program that opens a connection.

A name is resolved once, every answer is checked, and the connection goes to a checked address. So a name that
answers differently a moment later gains nothing.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fogline_model_fetcher.addresses import Network, is_refused
from fogline_model_fetcher.errors import FetchError, TransientError
from fogline_model_fetcher.throttle import Throttle

IDLE_TIMEOUT_SECONDS = 30.0
"""Longest wait for a connection, or for the next bytes on it."""


@dataclass(frozen=True, slots=True)
class Connector:
    """Opens connections, but never to an address from which no artifact may come."""

    throttle: Throttle
    """Whoever reads from a connection asks it."""
    allowed: Sequence[Network] = ()
    """Networks that are allowed although they would be refused."""

    def connect(self, host: str, port: int) -> socket.socket:
        """Connect to the first address of a host that answers.

        Raises
        ------
        FetchError
            One of the addresses is refused.
        TransientError
            The name is unknown, or no address answers.
        """
        for family, address in self._resolve(host, port):
            connection = socket.socket(family, socket.SOCK_STREAM)
            try:
                if buffer_bytes := self.throttle.receive_buffer_bytes:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
                connection.settimeout(IDLE_TIMEOUT_SECONDS)
                connection.connect(address)
            except OSError:
                connection.close()
            else:
                return connection
        raise TransientError(f"{host} does not accept connections on port {port}")

    def _resolve(self, host: str, port: int) -> list[tuple[socket.AddressFamily, Any]]:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise TransientError(f"the name {host} cannot be resolved") from None
        addresses: list[tuple[socket.AddressFamily, Any]] = [
            (family, sockaddr) for family, *_, sockaddr in answers
        ]
        if any(is_refused(str(sockaddr[0]), self.allowed) for _, sockaddr in addresses):
            raise FetchError(
                f"{host} is a loopback, link-local or metadata address, from which no artifact may come: "
                "use a store with an address of its own"
            )
        return addresses
