"""Artifacts from a web server that cuts, redirects and changes."""

import hashlib
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from tests.model_fetcher.conftest import BARE_ENVIRONMENT, Fetcher, Outcome
from tests.support.https_server import Answer, HttpsServer
from tests.support.wait import wait_for

from fogline_model_fetcher.journal import Journal

CONTENT = random.Random(7).randbytes(300_000)  # noqa: S311  test data
WHOLE = Answer(CONTENT)
CUT = replace(WHOLE, sends_at_most_bytes=100_000)
FILE = "digits/model.tflite"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
BIG = CONTENT * 10


def run(fetcher: Fetcher, web: HttpsServer, *flags: str, path: str = FILE) -> Outcome:
    return fetcher.run(f"{web.url}/{path}", "--ca-file", str(web.ca_file), *flags)


def assert_published(fetcher: Fetcher, outcome: Outcome, content: bytes = CONTENT) -> None:
    assert outcome.exit_code == 0, outcome.output
    assert (fetcher.version / "model.tflite").read_bytes() == content
    assert not fetcher.partial.exists()


def assert_refused(fetcher: Fetcher, outcome: Outcome, words: str) -> None:
    assert outcome.exit_code == 1, outcome.output
    assert words in outcome.termination_message
    assert outcome.termination_message.strip() in outcome.output
    assert not fetcher.version.exists()


def test_a_file_is_published_under_the_name_that_model_servers_look_for(
    fetcher: Fetcher, web: HttpsServer
) -> None:
    web.answers = [WHOLE]
    assert_published(fetcher, run(fetcher, web, path="digits/of-today.tflite"))


def test_a_digest_that_matches_is_accepted(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [WHOLE]
    assert_published(fetcher, run(fetcher, web, "--sha256", hashlib.sha256(CONTENT).hexdigest()))


def test_a_digest_that_differs_leaves_nothing_behind(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [WHOLE]
    outcome = run(fetcher, web, "--sha256", "0" * 64)
    assert_refused(fetcher, outcome, hashlib.sha256(CONTENT).hexdigest())
    assert not fetcher.partial.exists()


def test_a_cut_connection_is_resumed_where_it_broke(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [CUT]
    assert_published(fetcher, run(fetcher, web))
    assert web.ranges == [None, None, None, "bytes=100000-", None, "bytes=200000-"]


def test_a_new_run_resumes_what_an_earlier_one_left(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [CUT]
    assert_refused(
        fetcher, run(fetcher, web, "--attempts", "1"), "the connection ended after 100000 of 300000 bytes"
    )
    web.answers = [WHOLE]
    assert_published(fetcher, run(fetcher, web))
    assert web.ranges[2:] == [None, "bytes=100000-"]


def test_a_server_without_ranges_is_asked_from_the_beginning(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [CUT]
    run(fetcher, web, "--attempts", "1")
    web.answers = [replace(WHOLE, knows_ranges=False)]
    assert_published(fetcher, run(fetcher, web))


def test_a_part_of_a_file_that_changed_is_thrown_away(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [CUT]
    run(fetcher, web, "--attempts", "1")
    changed = CONTENT[::-1]
    web.answers = [Answer(changed, etag='"two"')]
    assert_published(fetcher, run(fetcher, web), changed)
    assert web.ranges[2:] == [None, None]


def test_a_file_that_changes_between_two_requests_is_never_mixed(fetcher: Fetcher, web: HttpsServer) -> None:
    changed = CONTENT[::-1]
    web.answers = [CUT, CUT, CUT, Answer(changed, etag='"two"')]
    assert_published(fetcher, run(fetcher, web), changed)


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_etag_nothing_is_resumed(
    fetcher: Fetcher, web: HttpsServer, etag: str | None
) -> None:
    web.answers = [*[replace(CUT, etag=etag)] * 2, replace(WHOLE, etag=etag)]
    assert_published(fetcher, run(fetcher, web))
    assert web.ranges == [None] * 4


async def test_a_killed_fetch_serves_nothing_and_the_next_one_goes_on(
    fetcher: Fetcher, web: HttpsServer
) -> None:
    with stalled_fetch(fetcher, web) as process:
        await wait_for(lambda: noted_bytes(fetcher) >= 1024 * 1024, "the first bytes")
        process.kill()
        process.wait(timeout=20)
    assert not fetcher.version.exists()
    done_bytes = noted_bytes(fetcher)
    web.answers = [Answer(BIG)]
    assert_published(fetcher, run(fetcher, web), BIG)
    assert web.ranges[-1] == f"bytes={done_bytes}-"


def test_parts_that_a_stopped_machine_left_are_used_as_far_as_the_journal_is_whole(
    fetcher: Fetcher, web: HttpsServer
) -> None:
    web.answers = [CUT]
    run(fetcher, web, "--attempts", "1")
    with (fetcher.partial / "journal").open("a") as journal:
        journal.write('["model.tflite", 100000, 200000]\n\0\0\0["model.tflite", 200000')
    (fetcher.partial / "files" / "model.tflite").write_bytes(CONTENT[:200_000])
    web.answers = [WHOLE]
    assert_published(fetcher, run(fetcher, web))
    assert web.ranges[-1] == "bytes=200000-"


def test_a_server_that_drips_is_given_up(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [replace(WHOLE, drips=True)]
    assert_refused(fetcher, run(fetcher, web, "--stall-seconds", "2"), "too slow to go on")
    assert fetcher.partial.exists()


def test_the_bandwidth_stays_below_the_limit(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [WHOLE]
    begin = time.monotonic()
    assert_published(fetcher, run(fetcher, web, "--megabits-per-second", "1"))
    assert time.monotonic() - begin > len(CONTENT) * 8 / 1e6


def test_a_large_file_is_fetched_in_pieces_at_the_same_time(fetcher: Fetcher, web: HttpsServer) -> None:
    content = CONTENT * 250
    web.answers = [Answer(content, announces_ranges=True)]
    assert_published(fetcher, run(fetcher, web), content)
    first, second = 32 * 1024 * 1024, 64 * 1024 * 1024
    parts = {f"bytes=0-{first - 1}", f"bytes={first}-{second - 1}", f"bytes={second}-"}
    assert set(web.ranges[1:]) == parts


def test_a_server_that_announces_ranges_and_sends_the_whole_is_believed_once(
    fetcher: Fetcher, web: HttpsServer
) -> None:
    content = CONTENT * 120
    web.answers = [Answer(content, announces_ranges=True, knows_ranges=False)]
    assert_published(fetcher, run(fetcher, web), content)
    parts = [wanted for wanted in web.ranges if wanted and not wanted.endswith("-")]
    assert parts == [f"bytes=0-{32 * 1024 * 1024 - 1}"]


async def test_the_stop_signal_ends_a_fetch_at_once(fetcher: Fetcher, web: HttpsServer) -> None:
    with stalled_fetch(fetcher, web) as process:
        await wait_for(lambda: noted_bytes(fetcher) > 0, "the first bytes")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 128 + signal.SIGTERM


@contextmanager
def stalled_fetch(fetcher: Fetcher, web: HttpsServer) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a fetch that never gets the rest of a file."""
    web.answers = [Answer(BIG, stalls_after_bytes=1_500_000)]
    command = fetcher.command(f"{web.url}/{FILE}", "--ca-file", str(web.ca_file))
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=BARE_ENVIRONMENT) as process:
        try:
            yield process
        finally:
            process.kill()


def noted_bytes(fetcher: Fetcher) -> int:
    return Journal(fetcher.partial / "journal").size_bytes()


def test_what_is_published_with_the_digest_is_not_fetched_again(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [WHOLE]
    run(fetcher, web)
    asked = len(web.ranges)
    assert_published(fetcher, run(fetcher, web, "--sha256", hashlib.sha256(CONTENT).hexdigest()))
    assert_published(fetcher, run(fetcher, web))
    assert len(web.ranges) == asked


def test_a_published_file_that_was_damaged_is_fetched_again(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [WHOLE]
    run(fetcher, web)
    (fetcher.version / "model.tflite").write_bytes(b"damaged")
    assert_published(fetcher, run(fetcher, web))


def test_another_digest_replaces_what_is_published(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [WHOLE]
    run(fetcher, web)
    changed = CONTENT[::-1]
    web.answers = [Answer(changed, etag='"two"')]
    assert_published(fetcher, run(fetcher, web, "--sha256", hashlib.sha256(changed).hexdigest()), changed)
    assert sorted(path.name for path in fetcher.destination.iterdir()) == [".published-1.json", "1"]


@pytest.mark.parametrize("path", ["..%2F..%2Fescaped", "%2Fescaped", "..", "a%00b"])
def test_a_file_name_that_leaves_the_folder_is_refused(fetcher: Fetcher, web: HttpsServer, path: str) -> None:
    web.answers = [WHOLE]
    assert_refused(fetcher, run(fetcher, web, path=path), "leaves its folder")
    assert not list(fetcher.folder.rglob("escaped"))


@pytest.mark.parametrize("name", ["model.tar.gz", "model.tgz", "model.zip"])
def test_an_archive_is_refused_before_its_first_byte(fetcher: Fetcher, web: HttpsServer, name: str) -> None:
    web.answers = [WHOLE]
    assert_refused(fetcher, run(fetcher, web, path=name), "archives are not unpacked")
    assert len(web.ranges) == 1


def test_a_server_that_is_busy_is_asked_again(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [Answer(status=503), Answer(status=429), WHOLE]
    assert_published(fetcher, run(fetcher, web))


def test_a_server_that_stays_busy_is_left_after_the_last_attempt(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [Answer(status=503)]
    assert_refused(fetcher, run(fetcher, web, "--attempts", "3"), "gave up after 3 attempts")
    assert len(web.ranges) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410, 418])
def test_a_refusal_of_the_server_is_final(fetcher: Fetcher, web: HttpsServer, status: int) -> None:
    web.answers = [Answer(status=status)]
    assert_refused(fetcher, run(fetcher, web), f"(status {status})")
    assert len(web.ranges) == 1


@pytest.mark.parametrize(
    "location",
    [
        "https://169.254.169.254/latest/meta-data/iam",
        "https://[fd00:ec2::254]/latest",
        "https://[::ffff:169.254.169.254]/latest",
        "https://0.0.0.0/",
    ],
)
def test_a_redirect_to_a_metadata_service_is_not_followed(
    fetcher: Fetcher, web: HttpsServer, location: str
) -> None:
    web.answers = [Answer(status=302, location=location.rstrip("/") + "/model.tflite")]
    assert_refused(fetcher, run(fetcher, web), "from which no artifact may come")


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1/model.tflite", "s3://a/b", "https://u:p@a/b", "/", ""]
)
def test_a_redirect_to_anything_but_https_is_not_followed(
    fetcher: Fetcher, web: HttpsServer, location: str
) -> None:
    web.answers = [Answer(status=307, location=location), Answer(status=307, location=location)]
    assert_refused(fetcher, run(fetcher, web), "redirects")


def test_a_redirect_to_an_allowed_server_is_followed(fetcher: Fetcher, web: HttpsServer) -> None:
    redirect = Answer(status=302, location="/elsewhere?signature=secret")
    web.answers = [redirect, WHOLE, redirect, WHOLE]
    assert_published(fetcher, run(fetcher, web))


def test_redirects_without_end_are_given_up(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [Answer(status=302, location="/again")]
    assert_refused(fetcher, run(fetcher, web), "redirects more than 5 times")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_loopback_address_is_refused_unless_allowed(fetcher: Fetcher, web: HttpsServer, host: str) -> None:
    web.answers = [WHOLE]
    uri = f"{web.url}/{FILE}".replace("127.0.0.1", host)
    outcome = fetcher.run(uri, "--ca-file", str(web.ca_file), allow="")
    assert_refused(fetcher, outcome, "from which no artifact may come")
    assert web.ranges == []


def test_a_file_above_the_limit_is_refused_before_its_first_byte(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [WHOLE]
    assert_refused(fetcher, run(fetcher, web, "--max-bytes", "299999"), "more than the limit of 299999")
    assert len(web.ranges) == 1


def test_a_file_at_the_limit_is_accepted(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [WHOLE]
    assert_published(fetcher, run(fetcher, web, "--max-bytes", "300000"))


def test_a_file_of_unknown_size_is_accepted_when_a_digest_proves_it_whole(
    fetcher: Fetcher, web: HttpsServer
) -> None:
    web.answers = [replace(WHOLE, announces_length=False)]
    assert_published(fetcher, run(fetcher, web, "--sha256", SHA256))
    assert_published(fetcher, run(fetcher, web, "--sha256", SHA256, "--max-bytes", "300000"))


def test_a_file_of_unknown_size_is_refused_without_a_digest(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [replace(WHOLE, announces_length=False)]
    assert_refused(fetcher, run(fetcher, web), "give its sha256")
    assert len(web.ranges) == 1


def test_a_file_of_unknown_size_that_was_cut_off_is_never_published(
    fetcher: Fetcher, web: HttpsServer
) -> None:
    web.answers = [replace(CUT, announces_length=False)]
    assert_refused(fetcher, run(fetcher, web, "--sha256", SHA256), "it is not the expected artifact")


def test_a_file_of_unknown_size_is_stopped_at_the_limit(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [replace(WHOLE, announces_length=False)]
    outcome = run(fetcher, web, "--max-bytes", "299999", "--sha256", SHA256)
    assert_refused(fetcher, outcome, "sends more than the 299999 bytes")


def test_a_file_larger_than_the_volume_is_refused_before_its_first_byte(
    fetcher: Fetcher, web: HttpsServer
) -> None:
    web.answers = [replace(WHOLE, announced_length=str(10**17))]
    assert_refused(fetcher, run(fetcher, web, "--max-bytes", str(10**17)), "make it bigger")
    assert len(web.ranges) == 1


@pytest.mark.parametrize("length", ["1e3", "-1", "9" * 5000])
def test_a_size_that_is_no_number_is_refused(fetcher: Fetcher, web: HttpsServer, length: str) -> None:
    web.answers = [replace(WHOLE, announced_length=length)]
    assert_refused(fetcher, run(fetcher, web), "a size that cannot be understood")


def test_a_certificate_of_an_unknown_authority_is_refused_at_once(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [WHOLE]
    assert_refused(fetcher, fetcher.run(f"{web.url}/{FILE}"), "is not trusted")


def test_an_authority_may_also_be_named_by_the_environment(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [WHOLE]
    outcome = fetcher.run(f"{web.url}/{FILE}", environment={"SSL_CERT_FILE": str(web.ca_file)})
    assert_published(fetcher, outcome)


def test_a_compressed_answer_is_refused(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [replace(WHOLE, content_encoding="gzip")]
    assert_refused(fetcher, run(fetcher, web), "compressed")


@pytest.mark.parametrize("answer", [Answer(status=403), replace(CUT, etag=None), Answer(status=503), WHOLE])
def test_neither_signatures_nor_local_paths_are_told(
    fetcher: Fetcher, web: HttpsServer, answer: Answer
) -> None:
    web.answers = [answer]
    outcome = run(fetcher, web, "--attempts", "2", path=f"{FILE}?X-Amz-Signature=s3cr3t")
    assert "s3cr3t" not in outcome.output + outcome.termination_message
    assert str(fetcher.folder) not in outcome.output + outcome.termination_message
    state = [path.read_text() for path in fetcher.destination.rglob("*.json")]
    assert "s3cr3t" not in "".join(state)
