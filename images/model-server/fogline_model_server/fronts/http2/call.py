"""One call: the stream of one request and its answer."""

import asyncio

from fogline_model_server.fronts.http2.methods import Method


class Call:
    """What is known of a call that is not answered yet."""

    __slots__ = (
        "began",
        "body",
        "complete",
        "encoding",
        "expiry",
        "job",
        "method",
        "stream",
        "told",
        "watches",
    )

    def __init__(self, stream: int, method: Method, encoding: bytes, began: float) -> None:
        self.stream = stream
        self.method = method
        self.encoding = encoding
        self.began = began
        """Of the event loop's clock, in seconds."""
        self.body: bytearray | None = None
        """What has come so far, when it does not come in one piece."""
        self.complete = False
        """The message is there, work on it has begun."""
        self.expiry: asyncio.TimerHandle | None = None
        self.job: asyncio.Future[bytes] | None = None
        """The work in a thread."""
        self.watches: bytes | None = None
        """The message of a call that goes on until somebody ends it."""
        self.told: bytes | None = None
        """What such a call has heard last."""

    def add(self, data: bytes) -> bytearray:
        """Add to the body and return it; adding up `bytes` would copy all of them each time."""
        if self.body is None:
            self.body = bytearray()
        self.body += data
        return self.body

    def end(self) -> int:
        """Stop what still runs for the call, and return how many bytes it held."""
        if self.expiry:
            self.expiry.cancel()
        if self.job:
            self.job.cancel()
        held = len(self.body or b"")
        self.body = None
        return held
