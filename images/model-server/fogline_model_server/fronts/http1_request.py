"""Reading HTTP/1.1 requests within the limits."""

from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

import httptools

from fogline_model_server.errors import ServingError
from fogline_model_server.limits import LIMITS

ENCODINGS = (b"gzip", b"x-gzip", b"deflate")
"""Of ``Content-Encoding``, beside none."""


class Request(NamedTuple):
    """A request that is complete."""

    method: str
    path: str
    """As it came, percent-encoded, without the query."""
    body: bytes
    encoding: bytes
    keep_alive: bool


class Refused(Exception):  # noqa: N818  an answer, not a failure
    """The request is not looked at further; the connection ends after this answer."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class RequestReader:
    """Collects requests from what comes in.

    Parameters
    ----------
    on_request
        Called with each request that is complete.
    on_expectation
        Called when the client waits for a word before it sends the body.
    hold
        Called with how many bytes of a body more are held; raises ServingError when that is too much.

    """

    def __init__(
        self,
        on_request: Callable[[Request], None],
        on_expectation: Callable[[], None],
        hold: Callable[[int], None],
    ) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._on_request = on_request
        self._on_expectation = on_expectation
        self._hold = hold
        self.in_request = False
        self.in_body = False
        self._reset()

    def _reset(self) -> None:
        self._url = b""
        self._header_bytes = 0
        self._header_count = 0
        self._encoding = b""
        self._expects = False
        self._body = bytearray()

    def feed(self, data: bytes) -> None:
        """Read on.

        Raises
        ------
        Refused
            The request breaks a limit, or is none.

        """
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return  # the request is there, and is answered in this protocol; then the connection ends
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, Refused):
                raise error.__context__ from None
            raise
        except httptools.HttpParserError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "the request is not HTTP/1.1") from error
        if self.in_request and not self.in_body:
            # The parser shows a header when it is complete; one that never ends must count too. Each line has
            # four bytes around name and value.
            self._pending_bytes += len(data)
            if self._pending_bytes > LIMITS.header_bytes + 4 * LIMITS.header_count:
                raise _headers_too_large()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.in_request = True
        self._pending_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Collect the path."""
        self._url += url
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Look at a header, or at a trailer: those are counted, and mean nothing."""
        self._header_count += 1
        self._count(len(name) + len(value))
        if self.in_body:
            return
        name = name.lower()
        if name == b"content-encoding":
            self._encoding = value.lower()
        elif name == b"content-length":
            if value.isdigit() and int(value) > LIMITS.rest_body_bytes:
                raise body_too_large()
        elif name == b"expect":
            self._expects = value.lower() == b"100-continue"
        elif name == b"transfer-encoding" and value.lower() != b"chunked":
            raise Refused(HTTPStatus.NOT_IMPLEMENTED, "of transfer encodings, only chunked is supported")

    def on_headers_complete(self) -> None:
        """Decide whether the body is wanted."""
        self.in_body = True
        if self._encoding == b"identity":
            self._encoding = b""
        if self._encoding and self._encoding not in ENCODINGS:
            name = self._encoding.decode("ascii", "replace")[:50]
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Encoding {name} is not supported")
        if self._expects:
            self._on_expectation()

    def on_body(self, body: bytes) -> None:
        """Collect the body."""
        if len(self._body) + len(body) > LIMITS.rest_body_bytes:
            raise body_too_large()
        try:
            self._hold(len(body))
        except ServingError as error:
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, error.message) from error
        self._body += body

    def on_message_complete(self) -> None:
        """Hand the request over."""
        request = Request(
            method=self._parser.get_method().decode("latin-1"),
            path=self._url.partition(b"?")[0].decode("latin-1"),
            body=bytes(self._body),
            encoding=self._encoding,
            keep_alive=self._parser.should_keep_alive() and not self._parser.should_upgrade(),
        )
        self.in_request = self.in_body = False
        self._reset()
        self._on_request(request)

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > LIMITS.header_bytes or self._header_count > LIMITS.header_count:
            raise _headers_too_large()


def body_too_large() -> Refused:
    """Return the refusal of a body beyond the limit."""
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"body is larger than {LIMITS.rest_body_bytes} bytes")


def _headers_too_large() -> Refused:
    return Refused(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        f"the headers are more than {LIMITS.header_count} or larger than {LIMITS.header_bytes} bytes",
    )
