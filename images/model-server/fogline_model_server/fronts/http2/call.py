"""One call: the stream of one request and its answer."""

import asyncio

from fogline_model_server.fronts.http2.methods import Method


class Call:
    """What is known of a call that is not answered yet."""

    __slots__ = ("began", "body", "encoding", "expiry", "job", "method", "stream")

    def __init__(self, stream: int, method: Method, encoding: bytes, began: float) -> None:
        self.stream = stream
        self.method = method
        self.encoding = encoding
        self.began = began
        """Of the event loop's clock, in seconds."""
        self.body: bytearray | None = None
        """What has come so far, when it does not come in one piece."""
        self.expiry: asyncio.TimerHandle | None = None
        self.job: asyncio.Future[bytes] | None = None
        """The work in a thread."""

    def end(self) -> int:
        """Stop what still runs for the call, and return how many bytes it held."""
        if self.expiry:
            self.expiry.cancel()
        if self.job:
            self.job.cancel()
        held = len(self.body or b"")
        self.body = None
        return held
