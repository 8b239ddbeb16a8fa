"""The fetcher as a process, and the servers it talks to."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.https_server import HttpsServer, run_https_server
from tests.support.s3_server import S3Server, run_s3_server

LOOPBACK = "127.0.0.0/8,::1/128"
RUN_LIMIT_SECONDS = 180
BARE_ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
"""Nothing that a store could be told by, and the fetcher that these tests import."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    exit_code: int
    output: str
    """Everything it wrote, log lines included."""
    termination_message: str


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Runs the command with a destination of its own."""

    folder: Path

    @property
    def destination(self) -> Path:
        """Folder of the model."""
        return self.folder / "models" / "digits"

    @property
    def version(self) -> Path:
        """Folder that is published."""
        return self.destination / "1"

    @property
    def partial(self) -> Path:
        """Folder of a fetch under way."""
        return self.destination / ".partial-1"

    def secret(self, values: Mapping[str, str]) -> tuple[str, str]:
        """Mount a Secret; returns the flag that names it."""
        folder = self.folder / "credentials"
        folder.mkdir(exist_ok=True)
        for key, value in values.items():
            (folder / key).write_text(value)
        return "--credentials", str(folder)

    def command(self, uri: str, *flags: str, allow: str = LOOPBACK) -> list[str]:
        """Return the command line of a fetch."""
        return [
            *(sys.executable, "-m", "fogline_model_fetcher"),
            *("--uri", uri),
            *("--destination", str(self.destination)),
            *("--version", "1"),
            *("--retry-wait-seconds", "0.01"),
            *("--termination-log", str(self.folder / "termination-log")),
            *(("--allow-address", allow) if allow else ()),
            *flags,
        ]

    def run(
        self,
        uri: str,
        *flags: str,
        environment: dict[str, str] | None = None,
        allow: str = LOOPBACK,
        through: Sequence[str] = (),
    ) -> Outcome:
        """Fetch, through another program if one is given."""
        log = self.folder / "termination-log"
        log.unlink(missing_ok=True)
        done = subprocess.run(
            [*through, *self.command(uri, *flags, allow=allow)],
            env={**BARE_ENVIRONMENT, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=RUN_LIMIT_SECONDS,
            check=False,
        )
        message = log.read_text() if log.exists() else ""
        return Outcome(done.returncode, done.stdout + done.stderr, message)


@pytest.fixture
def fetcher(tmp_path: Path) -> Fetcher:
    return Fetcher(tmp_path)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[HttpsServer]:
    with run_https_server(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def buckets_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the S3 server keeps its buckets."""
    return tmp_path_factory.mktemp("s3")


@pytest.fixture(scope="session")
def s3(buckets_folder: Path) -> Iterator[S3Server]:
    with run_s3_server(buckets_folder) as server:
        yield server
