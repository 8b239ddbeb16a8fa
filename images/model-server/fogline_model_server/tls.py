"""TLS of gRPC, as an SSLConfig file describes it. REST has none, as in TensorFlow Serving."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fogline_model_server import text_files
from fogline_model_server.errors import ConfigError
from fogline_model_server.messages import SSLConfig


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificates in PEM form."""

    key: str
    certificate: str
    """Of the server, with what leads from it to its authority."""
    client_authority: str
    """Who signs certificates of clients."""
    verify_client: bool
    """Whether clients must show one."""


def read(path: Path) -> Tls:
    """Read an SSLConfig file and check that its parts fit together.

    Raises
    ------
    ConfigError
        They do not.

    """
    config = text_files.read(path, SSLConfig())
    tls = Tls(config.server_key, config.server_cert, config.custom_ca, config.client_verify)
    if tls.verify_client and not tls.client_authority:
        raise ConfigError(
            f"{path} asks for client certificates (client_verify) but has no custom_ca to check them by"
        )
    try:
        context(tls)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            f"{path} has no server_key and server_cert in PEM form that fit together: {error}"
        ) from error
    return tls


def context(tls: Tls) -> ssl.SSLContext:
    """Return a context for servers that speak HTTP/2.

    Raises
    ------
    ssl.SSLError
        OpenSSL refuses the key or a certificate.

    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["h2"])
    # OpenSSL reads keys from files only, and the key must not touch a disk.
    with _in_memory(f"{tls.key}\n{tls.certificate}") as file:
        made.load_cert_chain(file, password=_no_password)
    if tls.client_authority:
        made.load_verify_locations(cadata=tls.client_authority)
    if tls.verify_client:
        made.verify_mode = ssl.CERT_REQUIRED
    return made


def _no_password() -> str:
    """Answer for an encrypted key: without this, OpenSSL would ask at the terminal."""
    return ""


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    descriptor = os.memfd_create("tls")
    try:
        os.write(descriptor, text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
