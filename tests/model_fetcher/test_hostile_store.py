"""An S3 store that lies in its listing or sends its clients elsewhere."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from tests.model_fetcher.conftest import Fetcher, Outcome

METADATA = "http://169.254.169.254/latest/meta-data/iam"


class _Store(ThreadingHTTPServer):
    """Lists the keys it is told to, and redirects where it is told to."""

    daemon_threads = True
    keys: tuple[str, ...] = ()
    sizes_bytes: tuple[int, ...] = ()
    """Of the keys; those that are missing have 4."""
    location: str | None = None
    announces_bytes: int | None = None
    sends_bytes = 4
    etags: tuple[str, ...] = ('"one"',)
    """Of the object, in the order in which it is asked for; the last one for ever."""
    content_encoding: str | None = None
    more = ""
    """Token with which each page of the listing says that there is another."""


class _Handler(BaseHTTPRequestHandler):
    server: _Store

    def do_HEAD(self) -> None:
        self._answer(404, b"")

    def do_GET(self) -> None:
        if self.server.location:
            self._answer(307, b"", Location=self.server.location)
        elif "list-type=2" in self.path:
            self._answer(200, _listing(self.server.keys, self.server.sizes_bytes, self.server.more))
        else:
            self._answer_object()

    def _answer_object(self) -> None:
        server = self.server
        etag, *later = server.etags
        server.etags = tuple(later) or (etag,)
        headers = {"ETag": etag}
        if server.announces_bytes is not None:
            headers["Content-Length"] = str(server.announces_bytes)
        if server.content_encoding:
            headers["Content-Encoding"] = server.content_encoding
        self._answer(200, b"x" * server.sends_bytes, **headers)

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        date = "Tue, 24 Nov 2026 00:00:00 GMT"
        for name, value in {"Content-Length": str(len(body)), "Last-Modified": date, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  signature of the base class
        """Say nothing."""


def _listing(keys: tuple[str, ...], sizes_bytes: tuple[int, ...], more: str = "") -> bytes:
    entries = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-11-24T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;one&quot;</ETag><Size>{size_bytes}</Size></Contents>"
        for key, size_bytes in itertools.zip_longest(keys, sizes_bytes, fillvalue=4)
    )
    end = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    return (
        f"<ListBucketResult><IsTruncated>{str(bool(more)).lower()}</IsTruncated>{end}{entries}</ListBucketResult>"
    ).encode()


@contextmanager
def run_store() -> Iterator[_Store]:
    with _Store(("127.0.0.1", 0), _Handler) as store:
        Thread(target=store.serve_forever, daemon=True).start()
        try:
            yield store
        finally:
            store.shutdown()


def run(fetcher: Fetcher, store: _Store, *flags: str) -> Outcome:
    endpoint = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{store.server_port}"}
    return fetcher.run("s3://models/digits/1", *flags, environment=endpoint)


def test_an_honest_listing_is_accepted(fetcher: Fetcher) -> None:
    with run_store() as store:
        store.keys = ("digits/1/saved_model.pb",)
        outcome = run(fetcher, store)
    assert outcome.exit_code == 0, outcome.output


@pytest.mark.parametrize(
    "keys",
    [
        ("digits/1/../../../escaped",),
        ("digits/1/..%2F..%2Fescaped", "digits/1/../x"),
        ("/etc/escaped",),
        ("digits/1/a\\..\\escaped",),
        ("digits/1/a", "digits/1/a/b"),
        ("digits/1/a&#10;b",),
        ("elsewhere/2/escaped",),
        ("digits/1//escaped",),
        ("digits/1/./escaped",),
        ("digits/1/&#0;escaped",),
        ("digits/1/escaped" + "x" * 250,),
        ("digits/1/" + "escaped/" * 130 + "a",),
        ("",),
    ],
)
def test_a_key_that_leaves_the_folder_or_cannot_be_a_file_is_refused(
    fetcher: Fetcher, keys: tuple[str, ...]
) -> None:
    with run_store() as store:
        store.keys = keys
        outcome = run(fetcher, store)
    assert outcome.exit_code == 1, outcome.output
    assert not fetcher.version.exists()
    assert not list(fetcher.folder.rglob("*escaped*"))


def test_more_files_than_allowed_are_refused(fetcher: Fetcher) -> None:
    with run_store() as store:
        store.keys = tuple(f"digits/1/{number}" for number in range(100_000))
        outcome = run(fetcher, store)
    assert outcome.exit_code == 1
    assert "more than 10000 files" in outcome.termination_message


def test_a_listing_that_never_ends_is_given_up(fetcher: Fetcher) -> None:
    with run_store() as store:
        store.more = "again"
        outcome = run(fetcher, store, "--stall-seconds", "2")
    assert outcome.exit_code == 1
    assert "too slow to go on" in outcome.termination_message


def test_more_bytes_than_were_listed_are_not_written(fetcher: Fetcher) -> None:
    with run_store() as store:
        store.keys, store.sends_bytes = ("digits/1/saved_model.pb",), 1_000_000
        outcome = run(fetcher, store)
    assert outcome.exit_code == 1
    assert "changed while it was fetched" in outcome.termination_message
    assert all(path.stat().st_size <= 4096 for path in fetcher.destination.rglob("*") if path.is_file())


def test_objects_that_stand_for_folders_are_no_files(fetcher: Fetcher) -> None:
    with run_store() as store:
        store.keys, store.sizes_bytes = ("digits/1/", "digits/1/assets/", "digits/1/assets/labels"), (0, 0, 4)
        outcome = run(fetcher, store)
    assert outcome.exit_code == 0, outcome.output
    assert [path.name for path in fetcher.version.rglob("*")] == ["assets", "labels"]


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        ({"announces_bytes": 4, "sends_bytes": 2}, "broke off the connection"),
        ({"announces_bytes": 2, "sends_bytes": 2}, "changed while it was fetched"),
        ({"announces_bytes": 1000, "sends_bytes": 4}, "changed while it was fetched"),
        ({"etags": ('"two"',)}, "changed while it was fetched"),
        ({"content_encoding": "gzip"}, "is stored compressed"),
    ],
)
def test_an_object_that_is_not_the_one_that_was_listed_is_never_published(
    fetcher: Fetcher, lie: dict[str, Any], words: str
) -> None:
    with run_store() as store:
        store.keys = ("digits/1/saved_model.pb",)
        for name, value in lie.items():
            setattr(store, name, value)
        outcome = run(fetcher, store, "--attempts", "2")
    assert outcome.exit_code == 1, outcome.output
    assert words in outcome.termination_message
    assert not fetcher.version.exists()


def test_a_redirect_to_a_metadata_service_is_not_followed(fetcher: Fetcher) -> None:
    with run_store() as store:
        store.location = METADATA
        outcome = run(fetcher, store)
    assert outcome.exit_code == 1
    assert "from which no artifact may come" in outcome.termination_message
