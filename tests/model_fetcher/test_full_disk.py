"""A volume that fills up while files come."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.model_fetcher.conftest import Fetcher
from tests.support.https_server import Answer, HttpsServer

OLD = Answer(b"old version")
NEW = Answer(os.urandom(3 * 1024 * 1024), etag='"two"', announces_length=False)
FULL = "the volume is full: make it bigger, or free disk space on the node\n"


@pytest.fixture
def small_volume(fetcher: Fetcher) -> Iterator[Path]:
    """Put the folder of the model on a volume of 1 MiB."""
    fetcher.destination.mkdir(parents=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", fetcher.destination], check=True, timeout=20
    )
    try:
        yield fetcher.destination
    finally:
        subprocess.run(["umount", fetcher.destination], check=True, timeout=20)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a volume")
@pytest.mark.usefixtures("small_volume")
def test_when_the_volume_fills_up_the_old_version_stays(fetcher: Fetcher, web: HttpsServer) -> None:
    uri, authority = f"{web.url}/model.tflite", ("--ca-file", str(web.ca_file))
    web.answers = [OLD]
    assert fetcher.run(uri, *authority).exit_code == 0
    web.answers = [NEW]
    outcome = fetcher.run(uri, *authority, "--sha256", hashlib.sha256(NEW.content).hexdigest())
    assert (outcome.exit_code, outcome.termination_message) == (1, FULL), outcome.output
    assert (fetcher.version / "model.tflite").read_bytes() == OLD.content


def test_a_file_above_what_the_volume_allows_is_never_published(fetcher: Fetcher, web: HttpsServer) -> None:
    web.answers = [Answer(NEW.content)]
    uri, authority = f"{web.url}/model.tflite", ("--ca-file", str(web.ca_file))
    outcome = fetcher.run(uri, *authority, through=("prlimit", "--fsize=1000000"))
    assert (outcome.exit_code, outcome.termination_message) == (1, FULL), outcome.output
    assert not fetcher.version.exists()
    assert fetcher.run(uri, *authority).exit_code == 0
    assert (fetcher.version / "model.tflite").read_bytes() == NEW.content
