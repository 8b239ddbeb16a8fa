"""The command ``fogline-model-fetcher``, run as init container of a model server."""

import contextlib
import logging
import os
import signal
import ssl
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from fogline_model_fetcher.connection import Connector
from fogline_model_fetcher.credentials import read_access
from fogline_model_fetcher.digest import sha256_of
from fogline_model_fetcher.errors import FetchError, UsageError
from fogline_model_fetcher.fetch import Order, fetch
from fogline_model_fetcher.guard import Guard
from fogline_model_fetcher.https_source import HttpsSource
from fogline_model_fetcher.remote import Source
from fogline_model_fetcher.s3_source import S3Source
from fogline_model_fetcher.settings import (
    DEFAULT_TERMINATION_LOG,
    Settings,
    parse_flags,
    parse_settings,
)
from fogline_model_fetcher.uris import HttpsUri

TERMINATED = 128 + signal.SIGTERM


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 1 cannot be brought, 2 wrong use."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # As process 1 of a container it would not be stopped by the signal without a handler.
    signal.signal(signal.SIGTERM, _stop)
    termination_log = DEFAULT_TERMINATION_LOG
    try:
        flags = parse_flags(sys.argv[1:] if arguments is None else arguments)
        termination_log = flags.termination_log
        if flags.print_sha256:
            sys.stdout.write(f"{sha256_of(Path(flags.print_sha256))}\n")
            return 0
        _run(parse_settings(flags))
    except FetchError as error:
        return _fail(str(error), error.exit_code, termination_log)
    except OSError as error:
        # strerror, unlike the whole text, holds no path.
        return _fail(f"the volume cannot be used: {error.strerror}", FetchError.exit_code, termination_log)
    return 0


def _run(settings: Settings) -> None:
    order = Order(
        uri=str(settings.uri),
        destination=settings.destination,
        version=settings.version,
        sha256=settings.sha256,
        max_bytes=settings.max_bytes,
        attempts=settings.attempts,
        retry_wait_seconds=settings.retry_wait_seconds,
    )
    with _source(settings) as source:
        fetch(order, source)


@contextlib.contextmanager
def _source(settings: Settings) -> Iterator[Source]:
    connector = Connector(settings.allowed)
    pem = _read(settings.ca_file)
    tls = _tls(pem)
    if isinstance(settings.uri, HttpsUri):
        yield HttpsSource(settings.uri, connector, tls)
        return
    access = read_access(settings.credentials, os.environ)
    with Guard(connector) as guard:
        yield S3Source(settings.uri, access, guard, pem)


def _tls(pem: bytes | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if pem is not None:
        try:
            context.load_verify_locations(cadata=pem.decode("ascii"))
        except (ssl.SSLError, UnicodeDecodeError):
            raise UsageError("the file of --ca-file holds no certificates in PEM form") from None
    return context


def _read(ca_file: Path | None) -> bytes | None:
    try:
        return ca_file.read_bytes() if ca_file else None
    except OSError:
        raise UsageError("the file of --ca-file cannot be read") from None


def _fail(sentence: str, exit_code: int, termination_log: str) -> int:
    logging.getLogger(__name__).error("%s", sentence)
    with contextlib.suppress(OSError):
        Path(termination_log).write_text(f"{sentence}\n", "utf-8")
    return exit_code


def _stop(_signal: int, _frame: object) -> NoReturn:
    sys.exit(TERMINATED)


if __name__ == "__main__":
    sys.exit(main())
