"""Clients of buckets, with the guard as their only way out."""

from datetime import timedelta
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError
from obstore.store import GCSStore, S3Store

from fogline_model_fetcher.connection import IDLE_TIMEOUT_SECONDS
from fogline_model_fetcher.errors import UsageError
from fogline_model_fetcher.gs_access import GsAccess
from fogline_model_fetcher.s3_access import S3Access

if TYPE_CHECKING:
    from obstore.store import ClientConfig, GCSConfig, RetryConfig, S3Config

_REQUEST_TIMEOUT = timedelta(days=1)  # of a whole body; the client's default of 30 s would cut every big file
_NO_RETRIES: "RetryConfig" = {"max_retries": 0}
"""Retries are ours: they list anew, check, and resume."""


def s3_store(bucket: str, access: S3Access, proxy_url: str, ca_pem: bytes | None) -> S3Store:
    """Make a client of a bucket of an S3 store.

    Raises
    ------
    UsageError
        This machine has no certificates of authorities.
    """
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
    client = _client(proxy_url, ca_pem, allow_http=access.is_plain_http)
    try:
        return S3Store(bucket, config=config, client_options=client, retry_config=_NO_RETRIES)
    except BaseError:
        # The one cause that is left, as everything else was checked; it wants roots even for plain http.
        raise _no_authorities() from None


def gs_store(bucket: str, access: GsAccess, proxy_url: str, ca_pem: bytes | None) -> GCSStore:
    """Make a client of a bucket of Google Cloud Storage.

    Raises
    ------
    UsageError
        The private key is none, or this machine has no certificates of authorities.
    """
    config: GCSConfig = {}
    if access.base_url is not None:
        config["base_url"] = access.base_url
    if access.service_account is None:
        # As above.
        config["skip_signature"] = True
    client = _client(proxy_url, ca_pem, allow_http=access.is_plain_http)
    try:
        # Without a key first: what fails here is not the key.
        GCSStore(bucket, config={**config, "skip_signature": True}, client_options=client)
    except BaseError:
        raise _no_authorities() from None
    if access.service_account is not None:
        config["service_account_key"] = access.service_account
    try:
        return GCSStore(bucket, config=config, client_options=client, retry_config=_NO_RETRIES)
    except BaseError:
        raise UsageError("private_key in key.json of the artifact's Secret is no private key") from None


def _client(proxy_url: str, ca_pem: bytes | None, *, allow_http: bool) -> "ClientConfig":
    client: ClientConfig = {
        "allow_http": allow_http,
        "proxy_url": proxy_url,
        "connect_timeout": timedelta(seconds=IDLE_TIMEOUT_SECONDS),
        "read_timeout": timedelta(seconds=IDLE_TIMEOUT_SECONDS),
        "timeout": _REQUEST_TIMEOUT,
    }
    if ca_pem is not None:
        client["root_certificate"] = ca_pem
    return client


def _no_authorities() -> UsageError:
    return UsageError(
        "no certificates of authorities were found: install ca-certificates in the image or name a file "
        "of certificates with --ca-file"
    )
