"""Credentials of Google Cloud Storage."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from fogline_model_fetcher.endpoints import check_endpoint, is_plain_http
from fogline_model_fetcher.errors import UsageError
from fogline_model_fetcher.secret import Secret, from_secret_or_environment

KEY_NAME = "key.json"
"""Key of the Secret with the key of a service account, as Google's console and ``gcloud`` write it."""
BASE_URL_NAME = "GOOGLE_BASE_URL"
"""Another address of the store, such as that of a private endpoint."""

_FIELDS = ("private_key_id", "private_key", "client_email")


@dataclass(frozen=True, slots=True)
class GsAccess:
    """How to reach and to sign for the store. Printing it shows no secret."""

    service_account: str | None = field(default=None, repr=False)
    """Key of a service account, JSON; None: requests are not signed, as public buckets allow."""
    base_url: str | None = None
    """None: Google's."""

    @property
    def is_plain_http(self) -> bool:
        """Whether connections without TLS were asked for."""
        return is_plain_http(self.base_url)


def read_gs_access(secret: Secret, environment: Mapping[str, str]) -> GsAccess:
    """Collect the access from the Secret and, for the address alone, the environment.

    Raises
    ------
    UsageError
        The key is not that of a service account, or the address is not a URL.
    """
    secret.require_any((KEY_NAME, BASE_URL_NAME))
    base_url = from_secret_or_environment(secret, environment, (BASE_URL_NAME,))[BASE_URL_NAME]
    check_endpoint(BASE_URL_NAME, base_url)
    key = secret.text(KEY_NAME)
    return GsAccess(_only_what_signs(key) if key else None, base_url)


def _only_what_signs(key: str) -> str:
    """Keep what signs a request; other fields could send the client elsewhere or switch signing off."""
    try:
        document = json.loads(key)
        kind, kept = document["type"], {name: document[name] for name in _FIELDS}
    except (ValueError, LookupError, TypeError):
        kind, kept = None, {}
    if kind != "service_account" or not all(isinstance(value, str) for value in kept.values()):
        raise UsageError(
            f"{KEY_NAME} in the artifact's Secret must be the key of a service account, in JSON, as "
            "`gcloud iam service-accounts keys create` writes it"
        )
    return json.dumps({"type": kind, **kept})
