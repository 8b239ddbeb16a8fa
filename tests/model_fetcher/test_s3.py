"""Artifacts from an S3 store: a real one, one behind a bad line, and a hostile one."""

import itertools
import random
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import obstore
import pytest
import trustme
from tests.model_fetcher.conftest import BARE_ENVIRONMENT, Fetcher, Outcome
from tests.support.cutting_relay import run_relay
from tests.support.s3_server import S3Server, run_s3_server
from tests.support.wait import wait_for

from fogline_model_fetcher.journal import Journal

MODEL = {
    "saved_model.pb": b"graph",
    "variables/variables.data-00000-of-00001": random.Random(7).randbytes(300_000),  # noqa: S311  test data
    "variables/variables.index": b"index",
    "assets/empty": b"",
}
FOLDER = "digits/savedmodel/1"
_NUMBERS = itertools.count()


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """Return a bucket that holds the model, and neighbours that do not belong to it."""
    name = f"models-{next(_NUMBERS)}"
    store = s3.make_bucket(name)
    for path, content in MODEL.items():
        obstore.put(store, f"{FOLDER}/{path}", content)
    obstore.put(store, f"{FOLDER}0/saved_model.pb", b"version 10")
    obstore.put(store, "digits/today.tflite", b"one file")
    return name


def run(fetcher: Fetcher, s3: S3Server, uri: str, *flags: str) -> Outcome:
    return fetcher.run(uri, *flags, environment=s3.environment())


def assert_published(fetcher: Fetcher, outcome: Outcome, model: dict[str, bytes]) -> None:
    assert outcome.exit_code == 0, outcome.output
    assert files_below(fetcher.version) == model
    assert not fetcher.partial.exists()


def assert_refused(fetcher: Fetcher, outcome: Outcome, words: str) -> None:
    assert outcome.exit_code == 1, outcome.output
    assert words in outcome.termination_message
    assert not fetcher.version.exists()


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("end", ["", "/"])
def test_a_folder_brings_all_objects_below_it_and_no_others(
    fetcher: Fetcher, s3: S3Server, bucket: str, end: str
) -> None:
    assert_published(fetcher, run(fetcher, s3, f"s3://{bucket}/{FOLDER}{end}"), MODEL)


def test_an_object_brings_one_file(fetcher: Fetcher, s3: S3Server, bucket: str) -> None:
    outcome = run(fetcher, s3, f"s3://{bucket}/digits/today.tflite")
    assert_published(fetcher, outcome, {"model.tflite": b"one file"})


def test_the_digest_of_a_folder_is_checked(
    fetcher: Fetcher, s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    script = "find . -type f -printf '%P\\0' | xargs -0 sha256sum | LC_ALL=C sort | sha256sum"
    for path, content in MODEL.items():
        (tmp_path / "copy" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / path).write_bytes(content)
    printed = subprocess.run(script, shell=True, cwd=tmp_path / "copy", capture_output=True, check=True)  # noqa: S602  fixed text
    sha256 = printed.stdout.decode().split()[0]
    assert_published(fetcher, run(fetcher, s3, f"s3://{bucket}/{FOLDER}", "--sha256", sha256), MODEL)
    assert_refused(
        replace(fetcher, folder=tmp_path / "other"),
        run(replace(fetcher, folder=tmp_path / "other"), s3, f"s3://{bucket}/{FOLDER}", "--sha256", "f" * 64),
        sha256,
    )


def test_credentials_may_be_the_files_of_a_mounted_secret(
    fetcher: Fetcher, s3: S3Server, bucket: str
) -> None:
    flag = fetcher.secret({name: f"{value}\n" for name, value in s3.environment().items()})
    environment = {"AWS_ACCESS_KEY_ID": "the file wins", "AWS_REGION": "moon"}
    outcome = fetcher.run(f"s3://{bucket}/{FOLDER}", *flag, environment=environment)
    assert_published(fetcher, outcome, MODEL)


def test_wrong_credentials_are_refused_without_telling_them(
    fetcher: Fetcher, s3: S3Server, bucket: str
) -> None:
    wrong = replace(s3, secret_key="guessed-secret")  # noqa: S106  wrong on purpose
    outcome = run(fetcher, wrong, f"s3://{bucket}/{FOLDER}")
    assert_refused(fetcher, outcome, "may not be read")
    assert "guessed-secret" not in outcome.output
    assert s3.key_id not in outcome.output


def test_without_credentials_nobody_is_asked_for_some(fetcher: Fetcher, s3: S3Server, bucket: str) -> None:
    outcome = fetcher.run(f"s3://{bucket}/{FOLDER}", environment={"AWS_ENDPOINT_URL": s3.url})
    assert_refused(fetcher, outcome, "may not be read")


def test_nothing_at_the_uri_is_final(fetcher: Fetcher, s3: S3Server, bucket: str) -> None:
    assert_refused(fetcher, run(fetcher, s3, f"s3://{bucket}/digits/none"), "there is nothing at")


def test_a_missing_bucket_is_named(fetcher: Fetcher, s3: S3Server) -> None:
    assert_refused(fetcher, run(fetcher, s3, "s3://no-such-bucket/digits"), "s3://no-such-bucket/digits")


def test_a_folder_above_the_limit_is_refused_before_its_first_byte(
    fetcher: Fetcher, s3: S3Server, bucket: str
) -> None:
    total = sum(map(len, MODEL.values()))
    outcome = run(fetcher, s3, f"s3://{bucket}/{FOLDER}", "--max-bytes", str(total - 1))
    assert_refused(fetcher, outcome, f"the artifact has {total} bytes")
    assert not fetcher.partial.exists()
    assert_published(fetcher, run(fetcher, s3, f"s3://{bucket}/{FOLDER}", "--max-bytes", str(total)), MODEL)


def test_a_cut_connection_is_resumed_where_it_broke(fetcher: Fetcher, s3: S3Server, bucket: str) -> None:
    with run_relay(s3.url) as relay:
        relay.sends_at_most_bytes = 200_000
        outcome = run(fetcher, replace(s3, url=relay.url), f"s3://{bucket}/{FOLDER}")
        assert_published(fetcher, outcome, MODEL)
        big = [head for head in relay.requests if "variables.data" in head]
    first, *later = ["range: bytes=" in head.lower() for head in big]
    assert not first
    assert later
    assert all(later)


def test_an_object_that_changed_since_is_fetched_from_its_beginning(
    fetcher: Fetcher, s3: S3Server, bucket: str
) -> None:
    changed = {**MODEL, "saved_model.pb": b"another graph", "new": b"file"}
    with run_relay(s3.url) as relay:
        relay.sends_at_most_bytes = 200_000
        uri = f"s3://{bucket}/{FOLDER}"
        assert run(fetcher, replace(s3, url=relay.url), uri, "--attempts", "1").exit_code == 1
        for path in ("saved_model.pb", "new"):
            obstore.put(s3.bucket(bucket), f"{FOLDER}/{path}", changed[path])
        relay.sends_at_most_bytes = None
        assert_published(fetcher, run(fetcher, replace(s3, url=relay.url), uri), changed)


def test_what_is_published_serves_again_while_the_store_is_away(
    fetcher: Fetcher, s3: S3Server, bucket: str
) -> None:
    uri = f"s3://{bucket}/{FOLDER}"
    run(fetcher, s3, uri)
    away = replace(s3, url="http://127.0.0.1:9")
    assert_published(fetcher, run(fetcher, away, uri), MODEL)


def test_a_store_that_is_away_is_named_after_the_last_attempt(fetcher: Fetcher, s3: S3Server) -> None:
    away = replace(s3, url="http://127.0.0.1:9")
    assert_refused(fetcher, run(fetcher, away, "s3://models/digits"), "does not accept connections on port 9")


def test_a_store_at_a_loopback_address_is_refused_unless_allowed(
    fetcher: Fetcher, s3: S3Server, bucket: str
) -> None:
    outcome = fetcher.run(f"s3://{bucket}/{FOLDER}", environment=s3.environment(), allow="")
    assert_refused(fetcher, outcome, "from which no artifact may come")


def test_a_store_at_a_metadata_address_is_refused(fetcher: Fetcher) -> None:
    outcome = fetcher.run("s3://latest/meta-data", environment={"AWS_ENDPOINT_URL": "http://169.254.169.254"})
    assert_refused(fetcher, outcome, "from which no artifact may come")


def test_an_image_without_certificates_is_named_as_the_cause(
    fetcher: Fetcher, s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    bare = {"SSL_CERT_FILE": "/dev/null", "SSL_CERT_DIR": str(tmp_path)}
    outcome = fetcher.run(f"s3://{bucket}/{FOLDER}", environment={**s3.environment(), **bare})
    assert outcome.exit_code == 2
    assert "install ca-certificates" in outcome.termination_message


async def test_a_fetch_that_is_killed_again_and_again_ends_well_and_brings_little_twice(
    fetcher: Fetcher, s3: S3Server
) -> None:
    content = random.Random(7).randbytes(1024 * 1024) * 70  # noqa: S311  test data
    obstore.put(s3.make_bucket("killed"), "big.tflite", content)
    uri, kills = "s3://killed/big.tflite", 3
    with run_relay(s3.url) as relay:
        slow = replace(s3, url=relay.url)
        for number in range(1, kills + 1):
            enough_bytes = number * 10 * 1024 * 1024
            with started(fetcher, slow, uri, "--megabits-per-second", "300") as process:
                await wait_for(partial(has_noted, fetcher, enough_bytes), "more bytes")
                process.kill()
            assert not fetcher.version.exists()
        missing_bytes, asked = len(content) - noted_bytes(fetcher), len(relay.requests)
        assert_published(fetcher, run(fetcher, slow, uri), {"model.tflite": content})
        assert sum(map(range_bytes, relay.requests[asked:])) == missing_bytes


def test_the_bandwidth_of_all_connections_together_stays_below_the_limit(
    fetcher: Fetcher, s3: S3Server, bucket: str
) -> None:
    begin = time.monotonic()
    assert_published(
        fetcher, run(fetcher, s3, f"s3://{bucket}/{FOLDER}", "--megabits-per-second", "1"), MODEL
    )
    assert time.monotonic() - begin > sum(map(len, MODEL.values())) * 8 / 1e6


@contextmanager
def started(fetcher: Fetcher, s3: S3Server, uri: str, *flags: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a fetch at the side."""
    environment = {**BARE_ENVIRONMENT, **s3.environment()}
    with subprocess.Popen(
        fetcher.command(uri, *flags), stderr=subprocess.DEVNULL, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def has_noted(fetcher: Fetcher, count_bytes: int) -> bool:
    return noted_bytes(fetcher) > count_bytes


def noted_bytes(fetcher: Fetcher) -> int:
    return Journal(fetcher.partial / "journal").size_bytes()


def range_bytes(head: str) -> int:
    """Return how many bytes a request asks for; 0 when it asks for no part."""
    wanted = re.search(r"range: bytes=(\d+)-(\d+)", head, re.IGNORECASE)
    return int(wanted[2]) + 1 - int(wanted[1]) if wanted else 0


def test_objects_without_an_etag_are_brought_too(
    fetcher: Fetcher, s3: S3Server, bucket: str, buckets_folder: Path
) -> None:
    # The server stores ETags beside the objects; these came by another way.
    folder = buckets_folder / bucket / "copied"
    folder.mkdir()
    for name in ("saved_model.pb", "labels"):
        (folder / name).write_bytes(name.encode())
    outcome = run(fetcher, s3, f"s3://{bucket}/copied")
    assert_published(fetcher, outcome, {"saved_model.pb": b"saved_model.pb", "labels": b"labels"})


@pytest.fixture
def tls_s3(tmp_path: Path) -> Iterator[tuple[S3Server, Path]]:
    """Run a store with a certificate of an authority of its own."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    names = [tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem")]
    authority.cert_pem.write_to_path(str(names[0]))
    issued.cert_chain_pems[0].write_to_path(str(names[1]))
    issued.private_key_pem.write_to_path(str(names[2]))
    buckets = tmp_path / "buckets"
    (buckets / "models" / "digits").mkdir(parents=True)
    (buckets / "models" / "digits" / "today.tflite").write_bytes(b"one file")
    with run_s3_server(buckets, (names[1], names[2])) as server:
        yield server, names[0]


def test_a_store_with_a_private_authority_is_trusted_when_the_authority_is_named(
    fetcher: Fetcher, tls_s3: tuple[S3Server, Path]
) -> None:
    server, ca_file = tls_s3
    uri = "s3://models/digits/today.tflite"
    assert_refused(fetcher, run(fetcher, server, uri), "broke off the connection")
    assert_published(
        fetcher, run(fetcher, server, uri, "--ca-file", str(ca_file)), {"model.tflite": b"one file"}
    )
