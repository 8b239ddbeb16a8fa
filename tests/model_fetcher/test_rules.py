"""The small rules: addresses, paths, limits, digests, use of the command."""

import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model_fetcher.conftest import BARE_ENVIRONMENT, Fetcher

from fogline_model_fetcher.addresses import is_refused
from fogline_model_fetcher.connection import Connector
from fogline_model_fetcher.digest import sha256_of
from fogline_model_fetcher.errors import FetchError, UsageError
from fogline_model_fetcher.limits import is_safe_path
from fogline_model_fetcher.s3_access import S3Access, read_s3_access
from fogline_model_fetcher.secret import Secret
from fogline_model_fetcher.throttle import Throttle
from fogline_model_fetcher.uris import parse_uri


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "::1",
        "0.0.0.0",  # noqa: S104  the address to refuse
        "0.1.2.3",
        "::",
        "169.254.169.254",
        "fe80::1%eth0",
        "224.0.0.1",
        "255.255.255.255",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "2002:7f00:1::",
    ],
)
def test_this_pod_this_machine_and_metadata_services_are_refused(address: str) -> None:
    assert is_refused(address)


@pytest.mark.parametrize(
    "address", ["10.96.0.7", "192.168.1.2", "172.18.0.3", "fd12::7", "93.184.215.14", "2606:4700::1"]
)
def test_private_and_public_addresses_are_allowed(address: str) -> None:
    assert not is_refused(address)


def test_an_allowed_network_allows_no_other() -> None:
    allowed = [ip_network("127.0.0.0/8")]
    assert not is_refused("127.0.0.1", allowed)
    assert is_refused("169.254.169.254", allowed)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "::1"])
def test_other_ways_to_write_a_loopback_address_are_refused(host: str) -> None:
    with pytest.raises(FetchError):
        Connector(Throttle(None)).connect(host, 443)


@given(
    st.lists(
        st.sampled_from(["a", "b.c", "..", ".", "", "\\", "a\0b", "x" * 256, "/"]), min_size=1, max_size=5
    )
)
def test_a_safe_path_stays_in_its_folder(parts: list[str]) -> None:
    path = "/".join(parts)
    joined = PurePosixPath("/folder", path)
    if is_safe_path(path):
        assert joined.is_relative_to("/folder")
        assert ".." not in joined.parts
        assert len(joined.parts) == len(parts) + 2
    else:
        assert set(parts) - {"a", "b.c"} or len(path) > 1024


def test_a_digest_tells_names_and_contents_apart(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    digests = {sha256_of(tmp_path), sha256_of(tmp_path / "a")}
    (tmp_path / "a").rename(tmp_path / "b")
    digests.add(sha256_of(tmp_path))
    (tmp_path / "b").write_bytes(b"2")
    digests.add(sha256_of(tmp_path))
    assert len(digests) == 4


def test_a_folder_with_a_link_has_no_digest(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(FetchError):
        sha256_of(tmp_path)


def test_the_command_prints_the_digest_that_sha256sum_prints(tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(b"model")
    command = [sys.executable, "-m", "fogline_model_fetcher", "--print-sha256", str(file)]
    ours = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    theirs = subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout
    assert ours == theirs.split()[0]


@pytest.mark.parametrize(
    "uri",
    [
        "http://example.com/model",
        "file:///etc/passwd",
        "gs://models",
        "gs://models/../digits",
        "pvc://",
        "pvc:///digits",
        "pvc://models/../digits",
        "abfs://models/digits",
        "s3://models",
        "s3://models/",
        "s3://key@models/digits",
        "s3://two words/digits",
        "s3://models/digits//1",
        "s3://models/../digits",
        "https://example.com",
        "https://example.com/folder/",
        "https://user:password@example.com/model",
        "https://example.com:port/model",
        "https://example.com/a b",
        "https://exämple.com/model",
        "s3://models/a\nb",
        "",
    ],
)
def test_a_uri_that_is_not_supported_is_wrong_use(uri: str) -> None:
    with pytest.raises(UsageError):
        parse_uri(uri)


def test_a_printed_uri_hides_its_query() -> None:
    uri = parse_uri("https://example.com:8443/model.tflite?signature=secret")
    assert str(uri) == "https://example.com:8443/model.tflite"
    assert "secret" not in repr(uri)


@pytest.mark.parametrize(
    "environment",
    [
        {"AWS_ACCESS_KEY_ID": "half"},
        {"AWS_SECRET_ACCESS_KEY": "half"},
        {"AWS_ENDPOINT_URL": "s3.fogline-store.svc:7070"},
        {"AWS_ENDPOINT_URL": "ftp://store"},
        {"AWS_ENDPOINT_URL": "http://store:port"},
        {"AWS_ENDPOINT_URL": "http://key:secret@store"},
    ],
)
def test_half_or_malformed_access_is_wrong_use(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError) as error:
        read_s3_access(Secret(None), environment)
    assert "secret@" not in str(error.value)


@pytest.mark.parametrize(
    ("endpoint", "plain"), [(None, False), ("https://s3", False), ("http://s3:7070", True)]
)
def test_only_an_explicit_http_endpoint_allows_a_connection_without_tls(
    endpoint: str | None, *, plain: bool
) -> None:
    assert S3Access(endpoint_url=endpoint).is_plain_http == plain


@pytest.mark.parametrize(
    "flags",
    [
        ("--version", "one"),
        ("--version", "../2"),
        ("--sha256", "abc"),
        ("--max-bytes", "0"),
        ("--max-bytes", "many"),
        ("--megabits-per-second", "0"),
        ("--megabits-per-second", "fast"),
        ("--mounted", "/mnt"),
        ("--uri", "pvc://models/digits"),
        ("--uri", "oci://registry.example/digits"),
        ("--credentials", "/nonexistent"),
        ("--attempts", "0"),
        ("--retry-wait-seconds", "nan"),
        ("--allow-address", "everything"),
        ("--ca-file", "/nonexistent"),
        ("--ca-file", "/proc/self/cmdline"),
        ("--ca-file", "/proc/self/cmdline", "--uri", "s3://models/digits"),
        ("--uri", "http://example.com/model"),
        ("--no-such-flag",),
    ],
)
def test_wrong_use_ends_with_code_2_and_one_sentence(fetcher: Fetcher, flags: tuple[str, ...]) -> None:
    outcome = fetcher.run("https://example.com/model", *flags)
    assert outcome.exit_code == 2
    assert len(outcome.output.splitlines()) == 1


def test_each_flag_may_be_an_environment_variable(fetcher: Fetcher) -> None:
    command = [sys.executable, "-m", "fogline_model_fetcher"]
    environment = {
        **BARE_ENVIRONMENT,
        "FOGLINE_FETCHER_URI": "https://169.254.169.254/model",
        "FOGLINE_FETCHER_DESTINATION": str(fetcher.destination),
        "FOGLINE_FETCHER_VERSION": "1",
        "FOGLINE_FETCHER_TERMINATION_LOG": str(fetcher.folder / "log"),
    }
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=180)
    assert done.returncode == 1
    assert "no artifact may come" in (fetcher.folder / "log").read_text()


def test_the_bandwidth_is_shared_by_all_and_what_was_not_used_is_not_saved_up() -> None:
    now_seconds = [0.0]
    waits: list[float] = []
    throttle = Throttle(1000, lambda: now_seconds[0], waits.append)
    throttle.take(500)
    throttle.take(500)  # by another connection, at the same moment
    now_seconds[0] = 60.0
    throttle.take(1000)
    assert waits == [0.5, 1.0, 1.0]
