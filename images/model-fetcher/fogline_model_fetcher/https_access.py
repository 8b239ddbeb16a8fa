"""Credentials of a web server."""

import base64

from fogline_model_fetcher.errors import UsageError
from fogline_model_fetcher.secret import Secret

TOKEN_KEY = "token"  # noqa: S105  the name of a key
USER_KEYS = ("username", "password")
"""The keys of a Secret of the type ``kubernetes.io/basic-auth``."""


def read_authorization(secret: Secret) -> str | None:
    """Return the value of the header Authorization; None when the Secret holds no credentials.

    Raises
    ------
    UsageError
        It holds a token and a user, half of a user, or characters that no header can carry.
    """
    secret.require_any((TOKEN_KEY, *USER_KEYS))
    token = secret.text(TOKEN_KEY)
    user, password = (secret.text(key) for key in USER_KEYS)
    if token and (user or password):
        raise UsageError("the artifact's Secret holds a token and a username or password: keep one of them")
    if token:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise UsageError("the token in the artifact's Secret has characters that no token has")
        return f"Bearer {token}"
    if (user is None) != (password is None) or ":" in (user or ""):
        raise UsageError("the artifact's Secret must hold a username, without a colon, and a password")
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}" if user else None
