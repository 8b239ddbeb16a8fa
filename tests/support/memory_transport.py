"""A transport without a socket, for connections of a server that are tested step by step."""

import asyncio
from typing import Any


class MemoryTransport(asyncio.Transport):
    """Keeps what the server writes, and what it wants."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.closed = False
        self.reads = True
        self.half_closed = False

    def write(self, data: Any) -> None:
        """Keep what the server writes."""
        self.written += data

    def close(self) -> None:
        """Remember it."""
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        """Tell whether it was closed."""
        return self.closed

    def pause_reading(self) -> None:
        """Remember it."""
        self.reads = False

    def resume_reading(self) -> None:
        """Remember it."""
        self.reads = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Say who the peer is."""
        return ("10.0.0.7", 4711) if name == "peername" else default

    def can_write_eof(self) -> bool:
        """Say yes, as TCP does."""
        return True

    def write_eof(self) -> None:
        """Remember it."""
        self.half_closed = True
