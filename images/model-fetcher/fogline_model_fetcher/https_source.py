"""One file of a web server, over TLS, redirects checked one by one."""

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urljoin

from fogline_model_fetcher.connection import IDLE_TIMEOUT_SECONDS, Connector
from fogline_model_fetcher.errors import FetchError, TransientError, UsageError
from fogline_model_fetcher.pieces import Piece
from fogline_model_fetcher.remote import Body, Listing, RemoteFile
from fogline_model_fetcher.uris import HttpsUri, parse_uri, served_name

MAX_REDIRECTS = 5
CHUNK_BYTES = 64 * 1024
"""Read at once, at most."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MISSING = frozenset({404, 410})
_FORBIDDEN = frozenset({401, 403})
_WORTH_ANOTHER_TRY = frozenset({408, 412, 416, 425, 429})
_LENGTH = re.compile(r"[0-9]{1,18}")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18})")


class HttpsSource:
    """Reads one file.

    Parameters
    ----------
    authorization
        Value of the header of that name. It is sent to the host of the URI alone, never to where that
        redirects.
    """

    def __init__(
        self, uri: HttpsUri, connector: Connector, tls: ssl.SSLContext, authorization: str | None = None
    ) -> None:
        self._uri = uri
        self._authorization = authorization
        self._keeps_ranges = True
        """False once the server sent a whole file in place of a part, whatever it had announced."""
        self._connector = connector
        self._tls = tls

    def list_files(self) -> Listing:
        """Ask for the file and read no more than the head of the answer: signed URLs often forbid HEAD."""
        with self._get({}) as response:
            file = RemoteFile(
                path=served_name(self._uri.file_name),
                key=self._uri.path,
                size_bytes=_length_of(response),
                etag=_strong_etag(response),
                has_ranges=self._keeps_ranges and response.getheader("Accept-Ranges") == "bytes",
            )
        return Listing((file,), is_folder=False)

    @contextmanager
    def open(self, piece: Piece) -> Iterator[Body]:
        """Ask for a part of the file. A server that does not know ranges answers from the beginning."""
        file = piece.file
        with self._get(_range_headers(piece)) as response:
            start_bytes, size_bytes = _range_of(response)
            if _strong_etag(response) != file.etag or size_bytes != file.size_bytes:
                raise TransientError(f"{self._uri} changed while it was fetched")
            if response.status == HTTPStatus.OK and not piece.is_rest:
                self._keeps_ranges = False
                raise TransientError(f"{self._uri.host} sends the whole file when asked for a part")
            if start_bytes not in (0, piece.start):
                raise FetchError(f"{self._uri.host} answered with another range than it was asked for")
            yield Body(start_bytes, self._chunks(response))

    @contextmanager
    def _get(self, headers: Mapping[str, str]) -> Iterator[HTTPResponse]:
        uri = self._uri
        for _ in range(MAX_REDIRECTS + 1):
            connection = _CheckedConnection(uri, self._connector, self._tls)
            try:
                response = self._ask(connection, uri, headers)
                if response.status not in _REDIRECTS:
                    self._check_status(response)
                    yield response
                    return
                uri = _redirect_target(uri, response)
            finally:
                connection.close()
        raise FetchError(f"{self._uri} redirects more than {MAX_REDIRECTS} times")

    def _ask(self, connection: HTTPSConnection, uri: HttpsUri, headers: Mapping[str, str]) -> HTTPResponse:
        always = {"Accept-Encoding": "identity", "User-Agent": "fogline-model-fetcher", "Connection": "close"}
        if self._authorization and (uri.host, uri.port) == (self._uri.host, self._uri.port):
            always["Authorization"] = self._authorization
        try:
            connection.request("GET", uri.request_target, headers={**always, **headers})
            return connection.getresponse()
        except ssl.SSLCertVerificationError as error:
            raise FetchError(
                f"the certificate of {uri.host} is not trusted ({error.verify_message}): "
                "name the authority that signed it with --ca-file"
            ) from None
        except (OSError, HTTPException):
            raise TransientError(f"{uri.host} broke off the connection before it answered") from None

    def _check_status(self, response: HTTPResponse) -> None:
        status = response.status
        if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            if response.getheader("Content-Encoding", "identity") != "identity":
                raise FetchError(f"{self._uri.host} sends the file compressed although it was asked not to")
            return
        if status in _MISSING:
            raise FetchError(f"{self._uri} does not exist (status {status})")
        if status in _FORBIDDEN:
            raise FetchError(
                f"{self._uri} may not be read (status {status}): check the artifact's Secret, or whether a "
                "signed URL has expired"
            )
        if status in _WORTH_ANOTHER_TRY or status >= 500:  # noqa: PLR2004  server errors of HTTP
            raise TransientError(f"{self._uri.host} answered with status {status}")
        raise FetchError(f"{self._uri} cannot be fetched (status {status})")

    def _chunks(self, response: HTTPResponse) -> Iterator[bytes]:
        try:
            while chunk := response.read1(CHUNK_BYTES):  # as it comes, so that none is lost
                self._connector.throttle.take(len(chunk))
                yield chunk
        except (OSError, HTTPException):
            raise TransientError(f"{self._uri.host} broke off the connection") from None


class _CheckedConnection(HTTPSConnection):
    """Connects through the connector; TLS then proves that the address belongs to the name."""

    def __init__(self, uri: HttpsUri, connector: Connector, tls: ssl.SSLContext) -> None:
        super().__init__(uri.host, uri.port, timeout=IDLE_TIMEOUT_SECONDS, context=tls)
        self._connector = connector
        self._tls = tls

    def connect(self) -> None:
        plain = self._connector.connect(self.host, self.port)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def _redirect_target(uri: HttpsUri, response: HTTPResponse) -> HttpsUri:
    location = response.getheader("Location", "")
    full = f"https://{uri.host}:{uri.port}{uri.request_target}"
    try:
        target = parse_uri(urljoin(full, location))
    except (UsageError, ValueError):
        raise FetchError(f"{uri} redirects to something that is not a proper https URL") from None
    if not isinstance(target, HttpsUri):
        raise FetchError(f"{uri} redirects to something that is not an https URL")
    return target


def _range_headers(piece: Piece) -> dict[str, str]:
    if not piece.start and piece.is_rest:
        return {}
    last = "" if piece.end is None or piece.is_rest else str(piece.end - 1)
    return {"Range": f"bytes={piece.start}-{last}", "If-Range": piece.file.etag or ""}


def _strong_etag(response: HTTPResponse) -> str | None:
    etag = response.getheader("ETag")
    return etag if etag is not None and etag.startswith('"') else None


def _range_of(response: HTTPResponse) -> tuple[int, int | None]:
    """Return where the body begins and the size of the whole file, in bytes."""
    if response.status == HTTPStatus.PARTIAL_CONTENT:
        match = _CONTENT_RANGE.fullmatch(response.getheader("Content-Range", ""))
        if match is None:
            raise FetchError("the server answered with a range that cannot be understood")
        return int(match[1]), int(match[2])
    return 0, _length_of(response)


def _length_of(response: HTTPResponse) -> int | None:
    length = response.getheader("Content-Length")
    if length is None:
        return None
    if not _LENGTH.fullmatch(length):
        raise FetchError("the server announced a size that cannot be understood")
    return int(length)
