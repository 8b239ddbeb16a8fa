"""A real S3 server over a folder, for the time of a test."""

import datetime as dt
import os
import secrets
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import obstore
from dev.ports import free_port
from dev.programs import program
from obstore.store import S3Store

REGION = "us-east-1"
START_LIMIT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running server and its credentials."""

    url: str
    key_id: str
    secret_key: str = field(repr=False)
    ca_pem: bytes | None = None

    def environment(self) -> dict[str, str]:
        """Return the variables by which any S3 client finds the server."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": REGION,
        }

    def bucket(self, name: str) -> S3Store:
        """Return a client of a bucket."""
        return S3Store(
            name,
            endpoint=self.url,
            region=REGION,
            access_key_id=self.key_id,
            secret_access_key=self.secret_key,
            client_options={"allow_http": True},
        )

    def make_bucket(self, name: str) -> S3Store:
        """Make a bucket and return a client of it."""
        store = self.bucket(name)
        url = obstore.sign(store, "PUT", "", dt.timedelta(minutes=1))
        with urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=10):  # noqa: S310  our own
            return store


@contextmanager
def run_s3_server(folder: Path, tls_files: tuple[Path, Path] | None = None) -> Iterator[S3Server]:
    """Run a server over an empty folder.

    Parameters
    ----------
    folder
        Holds the buckets.
    tls_files
        Certificate and key in PEM form; None: plain http.
    """
    port = free_port()
    key_id, secret_key = secrets.token_hex(8), secrets.token_hex(16)
    tls = ["--cert", str(tls_files[0]), "--key", str(tls_files[1])] if tls_files else []
    command = [
        str(program("versitygw")),
        "--port",
        f"127.0.0.1:{port}",
        *tls,
        "--quiet",
        "posix",
        str(folder),
    ]
    environment = {**os.environ, "ROOT_ACCESS_KEY": key_id, "ROOT_SECRET_KEY": secret_key}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for_port(port)
            yield S3Server(f"{'https' if tls_files else 'http'}://127.0.0.1:{port}", key_id, secret_key)
        finally:
            process.terminate()


def wait_for_port(port: int) -> None:
    """Wait until a loopback port accepts connections."""
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
