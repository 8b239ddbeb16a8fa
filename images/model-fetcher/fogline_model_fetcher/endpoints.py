"""Addresses of stores, as users write them."""

from urllib.parse import urlsplit

from fogline_model_fetcher.errors import UsageError


def check_endpoint(name: str, url: str | None) -> None:
    """Refuse what is no address of a server.

    Raises
    ------
    UsageError
        It has another scheme than http or https, no host, a port that is none, or more than these.
    """
    if url is not None and not _is_endpoint(url):
        raise UsageError(f"{name} must be a URL like https://host or http://host:port, without a path")


def is_plain_http(url: str | None) -> bool:
    """Whether it was written with ``http://``: nothing else allows a connection without TLS."""
    return (url or "").startswith("http://")


def _is_endpoint(text: str) -> bool:
    try:
        parts = urlsplit(text)
        has_valid_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    has_extras = parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None
    return parts.scheme in ("http", "https") and bool(parts.hostname) and has_valid_port and not has_extras
