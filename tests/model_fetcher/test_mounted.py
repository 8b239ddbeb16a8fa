"""Artifacts that the kubelet mounts: they are looked at, and nothing is copied."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.model_fetcher.conftest import BARE_ENVIRONMENT, Fetcher, Outcome

from fogline_model_fetcher import mounted
from fogline_model_fetcher.digest import sha256_of
from fogline_model_fetcher.errors import FetchError
from fogline_model_fetcher.uris import MountedUri

URI = "pvc://models/digits/1"


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """Mount a claim with a SavedModel and a single file."""
    folder = tmp_path / "volume" / "digits" / "1"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"index")
    (tmp_path / "volume" / "today.tflite").write_bytes(b"one file")
    return tmp_path / "volume"


def look(volume: Path, uri: str = URI, *flags: str, through: tuple[str, ...] = ()) -> Outcome:
    log = volume.parent / "termination-log"
    done = subprocess.run(
        [
            *through,
            *(sys.executable, "-m", "fogline_model_fetcher"),
            *("--uri", uri, "--mounted", str(volume), "--termination-log", str(log), *flags),
        ],
        env=BARE_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return Outcome(done.returncode, done.stdout + done.stderr, log.read_text() if log.exists() else "")


@pytest.mark.parametrize(
    "uri", [URI, f"{URI}/", "pvc://models/today.tflite", "pvc://models", "oci://registry.example/digits:1"]
)
def test_a_folder_and_a_single_file_are_accepted(volume: Path, uri: str) -> None:
    outcome = look(volume, uri)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.termination_message == ""


def test_the_digest_of_what_is_mounted_is_checked(volume: Path) -> None:
    sha256 = sha256_of(volume / "digits" / "1")
    assert look(volume, URI, "--sha256", sha256).exit_code == 0
    (volume / "digits" / "1" / "saved_model.pb").write_bytes(b"swapped")
    outcome = look(volume, URI, "--sha256", sha256)
    assert outcome.exit_code == 1
    assert f"not {sha256}: it is not the expected artifact" in outcome.termination_message


def test_nothing_is_written_to_the_volume(volume: Path) -> None:
    before = sorted(volume.rglob("*"))
    look(volume, URI, "--sha256", "0" * 64)
    assert sorted(volume.rglob("*")) == before


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("pvc://models/digits/2", "there is nothing at pvc://models/digits/2"),
        ("pvc://models/digits/1/saved_model.pb", "must be a folder or a .tflite file"),
        ("pvc://models/folder.tflite", "must be a file, as its name says"),
        ("pvc://models/empty", "is an empty folder"),
        ("pvc://models/linked/1", "leads through a link"),
        ("pvc://models/dangling", "leads through a link"),
        ("pvc://models/with-a-link", "such as a link"),
        ("pvc://models/with-a-pipe", "such as a link"),
    ],
)
def test_what_cannot_be_served_is_named_in_one_sentence(volume: Path, uri: str, words: str) -> None:
    for name in ("folder.tflite", "empty", "with-a-link", "with-a-pipe"):
        (volume / name).mkdir()
    (volume / "linked").symlink_to("digits")
    (volume / "dangling").symlink_to("/nowhere")
    (volume / "with-a-link" / "model.tflite").symlink_to("/etc/passwd")
    os.mkfifo(volume / "with-a-pipe" / "model.tflite")
    outcome = look(volume, uri)
    assert outcome.exit_code == 1
    assert words in outcome.termination_message
    assert len(outcome.termination_message.splitlines()) == 1


def test_more_files_than_allowed_are_refused(volume: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounted, "MAX_FILES", 2)
    mounted.check_mounted(MountedUri(URI, "digits/1"), volume, None)
    (volume / "digits" / "1" / "variables" / "third").touch()
    with pytest.raises(FetchError, match="more than 2 files"):
        mounted.check_mounted(MountedUri(URI, "digits/1"), volume, None)


@pytest.mark.parametrize(("path", "mode"), [("saved_model.pb", 0o200), ("variables", 0o300)])
def test_files_that_the_pod_may_not_read_are_named(volume: Path, path: str, mode: int) -> None:
    (volume / "digits" / "1" / path).chmod(mode)
    # As in a pod: even root reads only what it is allowed to.
    unprivileged = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    outcome = look(volume, URI, "--sha256", "0" * 64, through=unprivileged)
    assert outcome.exit_code == 1
    assert f"cannot be read by user or group {os.getuid()}" in outcome.termination_message


def test_a_fetch_never_takes_a_volume_for_a_store(fetcher: Fetcher) -> None:
    outcome = fetcher.run("pvc://models/digits/1")
    assert outcome.exit_code == 2
    assert "--mounted goes with pvc:// and oci://" in outcome.output
