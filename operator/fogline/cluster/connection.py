"""Where the API server is and how Fogline proves who it is."""

import os
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fogline.errors import BadInputError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where the kubelet puts the token, the certificate authority and the namespace of a pod."""

TOKEN_SECONDS = 60.0
"""A token is read anew when it is older: the kubelet replaces it before it expires."""


@dataclass(frozen=True, slots=True)
class Connection:
    """All that is needed to reach one API server."""

    server: str
    """Such as ``https://10.0.0.1:443``, without a slash at the end."""
    ca_file: Path | None = None
    """Certificate authority of the server; None for those that the machine trusts."""
    certificate_file: Path | None = None
    """Client certificate."""
    key_file: Path | None = None
    """Key of the client certificate."""
    authorization: Callable[[], str | None] | None = None
    """Asked before every request for the value of the Authorization header."""
    namespace: str = "default"
    """The namespace that is meant when a user names none."""
    tls_server_name: str | None = None
    """The name in the server's certificate, where it is not the host of `server`."""
    proxy_url: str | None = None
    """HTTP proxy on the way to the server."""
    verify: bool = True
    """False only where a kubeconfig says ``insecure-skip-tls-verify``."""

    def ssl_context(self) -> ssl.SSLContext:
        """Make the TLS settings; the files are read now."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate_file:
            context.load_cert_chain(self.certificate_file, self.key_file)
        return context


class TokenFile:
    """A bearer token in a file that somebody else replaces from time to time."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._header = ""
        self._read_at = 0.0

    def __call__(self) -> str:
        """Value of the Authorization header, at most `TOKEN_SECONDS` old."""
        now = self._clock()
        if not self._header or now - self._read_at >= TOKEN_SECONDS:
            self._header = f"Bearer {self._path.read_text().strip()}"
            self._read_at = now
        return self._header


def in_cluster(folder: Path | None = None, environment: Mapping[str, str] | None = None) -> Connection:
    """Connect as the service account of the pod that we run in.

    Parameters
    ----------
    folder
        Where its files are; None for `SERVICE_ACCOUNT`.
    environment
        The variables that the kubelet sets; None for those of this process.

    Raises
    ------
    BadInputError
        This is no pod, or it has no service account token.
    """
    folder = folder or SERVICE_ACCOUNT
    source = os.environ if environment is None else environment
    host, port = source.get("KUBERNETES_SERVICE_HOST"), source.get("KUBERNETES_SERVICE_PORT")
    if not host or not port or not (folder / "token").exists():
        raise BadInputError(
            "not in a pod with a service account: KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT "
            f"and {folder / 'token'} are needed"
        )
    return Connection(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        ca_file=folder / "ca.crt",
        authorization=TokenFile(folder / "token"),
        namespace=(folder / "namespace").read_text().strip(),
    )


def default() -> Connection:
    """Connect as the service account where there is one, else as the kubeconfig says.

    Raises
    ------
    BadInputError
        There is neither.
    """
    if (SERVICE_ACCOUNT / "token").exists():
        return in_cluster()
    return from_kubeconfig()


def from_kubeconfig(path: Path | None = None, context: str | None = None) -> Connection:
    """Connect as a kubeconfig says: certificates, tokens, and the login programs of cloud providers.

    Parameters
    ----------
    path
        The file; None for the files in ``KUBECONFIG`` or else ``~/.kube/config``.
    context
        One of its contexts; None for the current one.

    Raises
    ------
    BadInputError
        The file cannot be used, or the library that reads it is not there.
    """
    try:
        from kubernetes import client, config  # noqa: PLC0415  loads slowly; the operator's image goes without
    except ImportError as error:
        raise BadInputError(
            "this is no pod with a service account, and the library that reads a kubeconfig is missing: "
            "pip install kubernetes"
        ) from error
    loaded = client.Configuration()
    # The library reads this variable when it is imported; who sets it later means it, too.
    file = str(path) if path else os.environ.get("KUBECONFIG")
    try:
        config.load_kube_config(file, context, loaded)  # type: ignore[no-untyped-call]  # has no types
        contexts, current = config.list_kube_config_contexts(file)  # type: ignore[no-untyped-call]  # the same
    except (config.ConfigException, OSError) as error:
        raise BadInputError(f"the kubeconfig cannot be used: {error}") from error
    name = context or current["name"]
    chosen = next(entry["context"] for entry in contexts if entry["name"] == name)
    return Connection(
        server=loaded.host,
        ca_file=_path(loaded.ssl_ca_cert),
        certificate_file=_path(loaded.cert_file),
        key_file=_path(loaded.key_file),
        authorization=lambda: loaded.get_api_key_with_prefix("BearerToken"),
        namespace=chosen.get("namespace", "default"),
        tls_server_name=loaded.tls_server_name,
        proxy_url=loaded.proxy,
        verify=loaded.verify_ssl,
    )


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
