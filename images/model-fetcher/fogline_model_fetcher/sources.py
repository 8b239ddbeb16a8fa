"""Which source brings an artifact, with its credentials and the authorities that it trusts."""

import os
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from obstore.store import GCSStore, S3Store

from fogline_model_fetcher.bucket_source import BucketSource
from fogline_model_fetcher.bucket_stores import gs_store, s3_store
from fogline_model_fetcher.connection import Connector
from fogline_model_fetcher.errors import UsageError
from fogline_model_fetcher.gs_access import read_gs_access
from fogline_model_fetcher.guard import Guard
from fogline_model_fetcher.https_access import read_authorization
from fogline_model_fetcher.https_source import HttpsSource
from fogline_model_fetcher.remote import Source
from fogline_model_fetcher.s3_access import read_s3_access
from fogline_model_fetcher.secret import CA_KEY, Secret
from fogline_model_fetcher.settings import Settings
from fogline_model_fetcher.throttle import Throttle
from fogline_model_fetcher.uris import BucketUri, HttpsUri


@contextmanager
def open_source(uri: HttpsUri | BucketUri, settings: Settings) -> Iterator[Source]:
    """Open the source of a URI.

    Raises
    ------
    UsageError
        The credentials or the certificates of authorities cannot be used.
    """
    if isinstance(uri, HttpsUri):
        tls = _tls(_authorities(settings.ca_file, settings.secret))
        yield HttpsSource(uri, _connector(settings), tls, read_authorization(settings.secret))
        return
    with open_bucket(uri, settings) as (store, guard):
        yield BucketSource(uri, store, guard)


@contextmanager
def open_bucket(uri: BucketUri, settings: Settings) -> Iterator[tuple[S3Store | GCSStore, Guard]]:
    """Open a client of a bucket, and the guard that is its only way out.

    Raises
    ------
    UsageError
        The credentials or the certificates of authorities cannot be used.
    """
    secret = settings.secret
    authorities = _authorities(settings.ca_file, secret)
    _tls(authorities)
    pem = "\n".join(authorities).encode() or None
    with Guard(_connector(settings)) as guard:
        if uri.scheme == "gs":
            yield gs_store(uri.bucket, read_gs_access(secret, os.environ), guard.url, pem), guard
        else:
            yield s3_store(uri.bucket, read_s3_access(secret, os.environ), guard.url, pem), guard


def _connector(settings: Settings) -> Connector:
    return Connector(Throttle(settings.bytes_per_second), settings.allowed)


def _authorities(ca_file: Path | None, secret: Secret) -> list[str]:
    """Collect the certificates of the flag and of the Secret, PEM."""
    try:
        given = [ca_file.read_text("ascii") if ca_file else None, secret.text(CA_KEY)]
    except (OSError, UnicodeDecodeError):
        raise UsageError("the file of --ca-file cannot be read") from None
    return [pem for pem in given if pem]


def _tls(authorities: Iterable[str]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for pem in authorities:
        try:
            context.load_verify_locations(cadata=pem)
        except (ssl.SSLError, UnicodeEncodeError, ValueError):
            raise UsageError(
                f"the certificates of authorities, in --ca-file or under {CA_KEY} of the artifact's Secret, "
                "are not in PEM form"
            ) from None
    return context
