"""The command line and the environment, parsed and checked."""

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import NoReturn

from fogline_model_fetcher.addresses import Network
from fogline_model_fetcher.errors import UsageError
from fogline_model_fetcher.secret import Secret
from fogline_model_fetcher.uris import ArtifactUri, MountedUri, parse_uri

PREFIX = "FOGLINE_FETCHER_"
DEFAULT_TERMINATION_LOG = "/dev/termination-log"
DEFAULT_MAX_BYTES = 10 * 1024**3
MAX_CONNECTIONS = 32

_VERSION = re.compile(r"[0-9]{1,18}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that one run is told."""

    uri: ArtifactUri
    folder: Path
    """Folder of the model; of an artifact that the kubelet mounts, where it mounted it."""
    version: str
    """Of an artifact that the kubelet mounts: empty."""
    sha256: str | None
    max_bytes: int
    bytes_per_second: float | None
    """None: no limit."""
    secret: Secret
    ca_file: Path | None
    allowed: tuple[Network, ...]
    attempts: int
    retry_wait_seconds: float
    connections: int
    stall_seconds: float


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def make_parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """Describe the flags. A flag beats its environment variable, and that beats the default."""
    parser = _Parser(
        prog="fogline-model-fetcher",
        description="Bring the files of a model to DESTINATION/VERSION: resumable, checked, bounded.",
        epilog=f"Each flag has an environment variable: --max-bytes is {PREFIX}MAX_BYTES, and so on.",
    )

    def add(flag: str, default: str | None, text: str) -> None:
        name = PREFIX + flag.removeprefix("--").replace("-", "_").upper()
        shown = "" if default is None else f" (default: {default})"
        parser.add_argument(flag, default=environment.get(name, default), help=text + shown)

    add("--uri", None, "where the artifact lies: https://host/file, s3://bucket/key, gs://bucket/key, ...")
    add("--destination", None, "folder of the model")
    add("--version", None, "version of the model, a number: name of the folder to make")
    add("--sha256", None, "digest that the artifact must have, see --print-sha256")
    add("--mounted", None, "folder where a pvc:// or oci:// artifact is mounted: only check it there")
    add("--max-bytes", str(DEFAULT_MAX_BYTES), "largest artifact to accept, in bytes")
    add("--megabits-per-second", None, "bandwidth to use at most, in units of 10^6 bits per second")
    add("--credentials", None, "folder of the artifact's Secret, one file for each key")
    add("--ca-file", None, "certificates of authorities to trust besides those of the system, PEM")
    add("--allow-address", None, "networks to allow although refused, such as 127.0.0.0/8,::1/128")
    add("--attempts", "5", "failed attempts in a row before giving up")
    add("--retry-wait-seconds", "1", "wait after the first failed attempt; it doubles up to 30")
    add("--connections", "4", "pieces to fetch at the same time, from stores that can send parts of files")
    add("--stall-seconds", "120", "give up when in so long a time less than 1 KiB per second came")
    add(
        "--termination-log", DEFAULT_TERMINATION_LOG, "file for the reason of a failure, if it can be written"
    )
    parser.add_argument(
        "--print-sha256", metavar="PATH", help="print the digest of a file or folder and stop"
    )
    return parser


def parse_settings(flags: argparse.Namespace) -> Settings:
    """Check the flags of a fetch.

    Raises
    ------
    UsageError
        A flag is missing or has a value that is not allowed.
    """
    uri = parse_uri(_required("--uri", flags.uri))
    if isinstance(uri, MountedUri) != bool(flags.mounted):
        raise UsageError("--mounted goes with pvc:// and oci://, and they with it")
    if not flags.mounted:
        _required("--destination", flags.destination)
        if not _VERSION.fullmatch(_required("--version", flags.version)):
            raise UsageError("--version must be a whole number")
    if flags.sha256 and not _SHA256.fullmatch(flags.sha256.lower()):
        raise UsageError("--sha256 must be 64 hexadecimal digits")
    return Settings(
        uri=uri,
        folder=Path(flags.mounted or flags.destination),
        version="" if flags.mounted else flags.version,
        sha256=flags.sha256.lower() if flags.sha256 else None,
        max_bytes=_positive_integer("--max-bytes", flags.max_bytes),
        bytes_per_second=_bandwidth(flags.megabits_per_second),
        secret=Secret(Path(flags.credentials) if flags.credentials else None),
        ca_file=Path(flags.ca_file) if flags.ca_file else None,
        allowed=_networks(flags.allow_address or ""),
        attempts=_positive_integer("--attempts", flags.attempts),
        retry_wait_seconds=_seconds("--retry-wait-seconds", flags.retry_wait_seconds),
        connections=_connections(flags.connections),
        stall_seconds=_seconds("--stall-seconds", flags.stall_seconds),
    )


def parse_flags(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> argparse.Namespace:
    """Parse the command line without judging it, so that even an error of use finds its termination log."""
    return make_parser(environment).parse_args(arguments)


def _required(flag: str, text: str | None) -> str:
    if not text:
        raise UsageError(f"{flag} is missing")
    return text


def _bandwidth(text: str | None) -> float | None:
    """Return bytes per second."""
    return _positive_integer("--megabits-per-second", text) * 1e6 / 8 if text else None


def _positive_integer(flag: str, text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise UsageError(f"{flag} must be a whole number above 0")
    return int(text)


def _connections(text: str) -> int:
    count = _positive_integer("--connections", text)
    if count > MAX_CONNECTIONS:
        raise UsageError(f"--connections must be at most {MAX_CONNECTIONS}")
    return count


def _seconds(flag: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:  # noqa: PLR2004  an hour between attempts is no retry any more
        raise UsageError(f"{flag} must be a number of seconds from 0 to 3600")
    return seconds


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError("--allow-address must be networks like 127.0.0.0/8, separated by commas") from None
