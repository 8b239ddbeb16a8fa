"""Credentials of an S3 store: from the Secret of the artifact, else from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fogline_model_fetcher.endpoints import check_endpoint, is_plain_http
from fogline_model_fetcher.errors import UsageError
from fogline_model_fetcher.secret import Secret, from_secret_or_environment

KEY_NAMES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
)
"""Keys of the Secret; each is also the name of an environment variable."""

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class S3Access:
    """How to reach and to sign for an S3 store. Printing it shows no secret."""

    key_id: str | None = field(default=None, repr=False)
    """None: requests are not signed, as public buckets allow."""
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    endpoint_url: str | None = None
    """None: Amazon's, in the region."""
    region: str = DEFAULT_REGION

    @property
    def is_plain_http(self) -> bool:
        """Whether connections without TLS were asked for."""
        return is_plain_http(self.endpoint_url)


def read_s3_access(secret: Secret, environment: Mapping[str, str]) -> S3Access:
    """Collect the access from the Secret and the environment.

    Raises
    ------
    UsageError
        A key cannot be read, only one half of a key pair is there, or the endpoint is not a URL.
    """
    secret.require_any(KEY_NAMES)
    values = from_secret_or_environment(secret, environment, KEY_NAMES)
    key_id, secret_key = values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]
    if (key_id is None) != (secret_key is None):
        raise UsageError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be given together")
    endpoint_url = values["AWS_ENDPOINT_URL"]
    check_endpoint("AWS_ENDPOINT_URL", endpoint_url)
    return S3Access(
        key_id, secret_key, values["AWS_SESSION_TOKEN"], endpoint_url, values["AWS_REGION"] or DEFAULT_REGION
    )
