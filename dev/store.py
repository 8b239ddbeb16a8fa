"""Credentials of the S3 store in the cluster, as the Secrets that it and the serving pods read."""

import secrets
from dataclasses import dataclass, field
from typing import Any

NAMESPACE = "fogline-store"
ROOT_SECRET = "s3-root"  # noqa: S105  the name of a Secret
READER_SECRET = "models-reader"  # noqa: S105  the name of a Secret
ENDPOINT = "http://s3.fogline-store.svc:7070"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class StoreCredentials:
    """The one account of the store."""

    key_id: str
    secret_key: str = field(repr=False)


def random_credentials() -> StoreCredentials:
    """Make up credentials that nobody can guess."""
    return StoreCredentials(secrets.token_hex(10).upper(), secrets.token_urlsafe(30))


def root_secret(credentials: StoreCredentials) -> dict[str, Any]:
    """Return the Secret with which the store starts."""
    values = {"ROOT_ACCESS_KEY_ID": credentials.key_id, "ROOT_SECRET_ACCESS_KEY": credentials.secret_key}
    return _secret(ROOT_SECRET, NAMESPACE, values)


def reader_secret(credentials: StoreCredentials, namespace: str, endpoint: str = ENDPOINT) -> dict[str, Any]:
    """Return the Secret that serving pods of a namespace mount; its keys are those of the model fetcher.

    Parameters
    ----------
    endpoint
        URL of the store, as a pod sees it.
    """
    values = {
        "AWS_ACCESS_KEY_ID": credentials.key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
    }
    return _secret(READER_SECRET, namespace, values)


def _secret(name: str, namespace: str, values: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
        "stringData": values,
    }
