"""Objects of an S3 store: one object, or all objects below a prefix."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, PreconditionError, UnauthenticatedError
from obstore.store import S3Store

from fogline_model_fetcher.connection import IDLE_TIMEOUT_SECONDS
from fogline_model_fetcher.credentials import S3Access
from fogline_model_fetcher.errors import FetchError, TransientError, UsageError
from fogline_model_fetcher.guard import Guard
from fogline_model_fetcher.limits import MAX_FILES
from fogline_model_fetcher.remote import Body, Listing, RemoteFile
from fogline_model_fetcher.uris import S3Uri, served_name

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult, ObjectMeta
    from obstore.store import ClientConfig, S3Config

CHUNK_BYTES = 64 * 1024
"""Collected before it is written; what is collected when the connection breaks is lost."""
_REQUEST_TIMEOUT = timedelta(days=1)  # of a whole body; the client's default of 30 s would cut every big file


class S3Source:
    """Reads one object or one prefix of a bucket, through the guard."""

    def __init__(self, uri: S3Uri, access: S3Access, guard: Guard, ca_pem: bytes | None) -> None:
        self._uri = uri
        self._guard = guard
        self._store = _store(uri.bucket, access, guard.url, ca_pem)

    def list_files(self) -> Listing:
        """Take the key for an object; where there is none, for a folder."""
        with self._plain_errors():
            try:
                only = obstore.head(self._store, self._uri.key)
            except FileNotFoundError:
                return self._list_folder()
        return Listing((_remote_file(served_name(self._uri.file_name), only),), is_folder=False)

    def _list_folder(self) -> Listing:
        prefix = f"{self._uri.key}/"
        pages = obstore.list(self._store, prefix, chunk_size=1000)
        # One more than allowed is enough to see that there are too many.
        objects = islice((entry for page in pages for entry in page), MAX_FILES + 1)
        files = tuple(_remote_file(entry["path"].removeprefix(prefix), entry) for entry in objects)
        if not files:
            raise FetchError(f"there is nothing at {self._uri}")
        if not all(file.key.startswith(prefix) for file in files):
            raise FetchError(f"the store of {self._uri} lists objects that do not belong to it")
        return Listing(files, is_folder=True)

    @contextmanager
    def open(self, file: RemoteFile, offset_bytes: int) -> Iterator[Body]:
        """Ask for the rest of an object, provided that it is still the one that was listed."""
        options: GetOptions = {}
        if file.etag is not None:
            options["if_match"] = file.etag
        if offset_bytes:
            options["range"] = {"offset": offset_bytes}
        with self._plain_errors():
            result = obstore.get(self._store, file.key, options=options)
        yield Body(result.range[0], self._chunks(result))

    def _chunks(self, result: "GetResult") -> Iterator[bytes]:
        with self._plain_errors():
            for chunk in result.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """Turn the client's errors, whose texts hold URLs and answers of the store, into sentences."""
        try:
            yield
        except FileNotFoundError:
            raise TransientError(f"an object of {self._uri} vanished while it was fetched") from None
        except (PermissionDeniedError, UnauthenticatedError):
            raise FetchError(
                f"{self._uri} may not be read: the credentials must allow GetObject and ListBucket"
            ) from None
        except PreconditionError:
            raise TransientError(f"{self._uri} changed while it was fetched") from None
        except BaseError:
            raise self._guard.take_failure() or TransientError(
                f"the store of {self._uri} broke off the connection or answered with an error: "
                "check the endpoint, the bucket and the region"
            ) from None


def _store(bucket: str, access: S3Access, proxy_url: str, ca_pem: bytes | None) -> S3Store:
    client: ClientConfig = {
        "allow_http": access.is_plain_http,
        "proxy_url": proxy_url,
        "connect_timeout": timedelta(seconds=IDLE_TIMEOUT_SECONDS),
        "read_timeout": timedelta(seconds=IDLE_TIMEOUT_SECONDS),
        "timeout": _REQUEST_TIMEOUT,
    }
    if ca_pem is not None:
        client["root_certificate"] = ca_pem
    config: S3Config = {"region": access.region, "virtual_hosted_style_request": False}
    if access.endpoint_url is not None:
        config["endpoint"] = access.endpoint_url
    if access.key_id is None or access.secret_key is None:
        # Without this the client would ask the metadata service of the machine for credentials.
        config["skip_signature"] = True
    else:
        config["access_key_id"], config["secret_access_key"] = access.key_id, access.secret_key
    if access.session_token is not None:
        config["session_token"] = access.session_token
    try:
        return S3Store(bucket, config=config, client_options=client, retry_config={"max_retries": 0})
    except BaseError:
        # The one cause that is left, as everything else was checked; it wants roots even for plain http.
        raise UsageError(
            "no certificates of authorities were found: install ca-certificates in the image or name a file "
            "of certificates with --ca-file"
        ) from None


def _remote_file(path: str, entry: "ObjectMeta") -> RemoteFile:
    return RemoteFile(path, entry["path"], entry["size"], entry["e_tag"])
