"""The headers of a call: what they ask for, or why they are refused.

Rules: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fogline_model_server.errors import Code, ServingError

Headers = Iterable[tuple[bytes, bytes]]

ENCODINGS = (b"identity", b"deflate", b"gzip")
CONTENT_TYPE = b"application/grpc"
_SECONDS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_TIMEOUT_DIGITS = 8
_METHOD_NOT_ALLOWED, _UNSUPPORTED_MEDIA_TYPE = 405, 415


@dataclass(frozen=True, slots=True)
class Request:
    """What a client calls."""

    path: bytes
    encoding: bytes
    """Of messages that say they are compressed."""
    timeout_seconds: float | None


class NotGrpc(Exception):  # noqa: N818  not a failure of ours: the client speaks something else
    """The request is no gRPC call, so only an HTTP status can answer it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Reader:
    """Reads headers, and remembers those that come again and again.

    Safe to use from one thread.
    """

    _REMEMBERED = 512
    _REMEMBERED_BYTES = 1024

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[bytes, bytes], ...], Request] = {}

    def read(self, headers: tuple[tuple[bytes, bytes], ...]) -> Request:
        """Return what the headers ask for.

        Raises
        ------
        NotGrpc, ServingError
            As `parse`.

        """
        request = self._known.get(headers)
        if request is None:
            request = parse(headers)
            if sum(len(name) + len(value) for name, value in headers) <= self._REMEMBERED_BYTES:
                if len(self._known) >= self._REMEMBERED:
                    self._known.clear()
                self._known[headers] = request
        return request


def parse(headers: Headers) -> Request:
    """Return what the headers ask for.

    Raises
    ------
    NotGrpc
        The method is not POST, or the content type not that of gRPC.
    ServingError
        INTERNAL: a timeout that cannot be read. UNIMPLEMENTED: an encoding that we do not know.

    """
    fields = dict(headers)
    if fields.get(b":method") != b"POST":
        raise NotGrpc(_METHOD_NOT_ALLOWED)
    content_type = fields.get(b"content-type", b"")
    if not (content_type.startswith(CONTENT_TYPE) and content_type[len(CONTENT_TYPE) :][:1] in b"+;"):
        raise NotGrpc(_UNSUPPORTED_MEDIA_TYPE)
    encoding = fields.get(b"grpc-encoding", b"identity")
    if encoding not in ENCODINGS:
        name = encoding.decode("ascii", "replace")
        raise ServingError(Code.UNIMPLEMENTED, f"Compression algorithm '{name}' is not supported")
    timeout = fields.get(b"grpc-timeout")
    return Request(fields[b":path"], encoding, None if timeout is None else timeout_seconds(timeout))


def timeout_seconds(text: bytes) -> float:
    """Return the seconds of a ``grpc-timeout``: at most 8 digits and a unit.

    Raises
    ------
    ServingError
        INTERNAL, as other servers say it.

    """
    digits, unit = text[:-1], text[-1:]
    if not (digits.isdigit() and len(digits) <= _TIMEOUT_DIGITS and unit in _SECONDS):
        raise ServingError(Code.INTERNAL, f"malformed grpc-timeout: {text.decode('ascii', 'replace')[:20]}")
    return int(digits) * _SECONDS[unit]


def _percent_table() -> Callable[[bytes], bytes]:
    plain = {byte for byte in range(0x20, 0x7F) if byte != ord("%")}
    table = [bytes([byte]) if byte in plain else b"%%%02X" % byte for byte in range(256)]
    return lambda raw: b"".join([table[byte] for byte in raw])


_percent_encoded = _percent_table()


def trailers(code: int, message: str) -> list[tuple[bytes, bytes]]:
    """Return the status of a call as HTTP/2 trailers."""
    found = [(b"grpc-status", b"%d" % code)]
    if message:
        found.append((b"grpc-message", _percent_encoded(message.encode("utf-8", "replace"))))
    return found
