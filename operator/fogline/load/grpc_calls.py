"""gRPC for the same: several connections to each address, and no retry."""

from itertools import cycle
from typing import Any

import grpc
from grpc import aio

CONNECTIONS = 4
"""To one address. A Service spreads connections, not requests: one alone would ask one replica only."""
_OPTIONS = (
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
)


class RefusedError(Exception):
    """The server answered with an error, or not at all.

    Parameters
    ----------
    code
        Name of the status, such as ``UNAVAILABLE``.
    """

    def __init__(self, code: str, details: str) -> None:
        super().__init__(f"gRPC {code}: {details}")
        self.code = code


class GrpcCalls:
    """Sends messages to one method of one address."""

    def __init__(self, address: str, path: str) -> None:
        self._channels = [aio.insecure_channel(address, options=_OPTIONS) for _ in range(CONNECTIONS)]
        self._calls: cycle[Any] = cycle([channel.unary_unary(path) for channel in self._channels])

    async def __call__(self, body: bytes) -> bytes:
        """Send one message and give the answer.

        Raises
        ------
        RefusedError
            The status is not OK.
        """
        try:
            answer: bytes = await next(self._calls)(body)
        except grpc.RpcError as error:
            raise RefusedError(error.code().name, error.details() or "") from error
        return answer

    async def close(self) -> None:
        """Close all connections."""
        for channel in self._channels:
            await channel.close()
