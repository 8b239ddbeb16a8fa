"""Whether released images and programs can be fetched, or everything is built here."""

import http.client
import os
import ssl
from functools import cache

from dev.errors import DevError

REGISTRY = "registry-1.docker.io"
LIMIT_SECONDS = 3.0
OVERRIDE = "FOGLINE_REGISTRY"
"""Environment variable: ``yes`` or ``no`` instead of asking the network."""


@cache
def registry_reachable() -> bool:
    """Tell whether the registry of released images answers; it does so with 401 for those without a token.

    Raises
    ------
    DevError
        The environment variable has another value.
    """
    choice = os.environ.get(OVERRIDE, "")
    if choice in {"yes", "no"}:
        return choice == "yes"
    if choice:
        raise DevError(f"{OVERRIDE}={choice}", "set it to yes or no, or unset it to find out by itself")
    connection = http.client.HTTPSConnection(
        REGISTRY, timeout=LIMIT_SECONDS, context=ssl.create_default_context()
    )
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status in {http.HTTPStatus.OK, http.HTTPStatus.UNAUTHORIZED}
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
