"""Publishing: a version is there as a whole or not at all, wherever the run was cut off."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import obstore
import pytest
from tests.support.s3_server import S3Server, run_s3_server
from tests.support.trainer import Pods, parsed

from fogline_trainer.errors import InterruptedStageError, Reason, RefusedError
from fogline_trainer.layout import FORMS
from fogline_trainer.publishing import Exported, find, publish
from fogline_trainer.run_document import RunDocument
from fogline_trainer.stores.opening import open_store
from fogline_trainer.stores.store import Store

EVALUATION = {"metric": "Accuracy", "value": "0.97", "minimum": None}
FILES = {
    "SavedModel": ("assets.extra/warmup", "saved_model.pb", "variables/variables.index"),
    "TFLiteInt8": ("assets.extra/warmup", "model.tflite"),
}


class CutError(Exception):
    """The process was killed here."""


class Cut:
    """A store whose process is killed before its n-th write."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store = store
        self._left = writes
        self.uri = store.uri
        self.read, self.names, self.remove = store.read, store.names, store.remove

    def _count(self) -> None:
        if not self._left:
            raise CutError
        self._left -= 1

    def write(self, name: str, content: bytes) -> None:
        """Write, or be killed."""
        self._count()
        self._store.write(name, content)

    def create(self, name: str, content: bytes) -> bool:
        """Create, or be killed."""
        self._count()
        return self._store.create(name, content)

    def put_folder(self, source: Path, name: str, last: Iterable[str]) -> None:
        """Write as the store of a bucket does, so that the cut can be between two files."""
        ending = set(last)
        files = [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]
        for file in sorted(sorted(files), key=lambda file: file in ending):
            self.write(f"{name}/{file}", (source / file).read_bytes())


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with run_s3_server(tmp_path_factory.mktemp("s3")) as server:
        server.make_bucket("models")
        yield server


@pytest.fixture(params=["claim", "bucket"])
def uri(
    request: pytest.FixtureRequest, pods: Pods, s3: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> str:
    """Return an empty folder of each kind of store."""
    if request.param == "claim":
        pods.claim("publish")
        return "pvc://models/digits"
    monkeypatch.setenv("FOGLINE_FETCHER_ALLOW_ADDRESS", "127.0.0.0/8")
    pods.secret("publish", s3.environment())
    return f"s3://models/{tmp_path.name}"


@contextmanager
def opened(pods: Pods, uri: str) -> Iterator[Store]:
    with open_store("publish", uri, pods.mounts) as store:
        yield store


@pytest.fixture
def exported(tmp_path: Path) -> list[Exported]:
    forms = []
    for name, files in FILES.items():
        folder = tmp_path / name
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(f"{name} {file}".encode())
        forms.append(Exported(FORMS[name], folder, {"value": "0.97"}))  # type: ignore[index]  # a name of a form
    return forms


def version_of(store: Store, run: RunDocument, exported: list[Exported]) -> int:
    return int(publish(store, run, exported, EVALUATION)["version"])


def test_a_version_has_its_forms_and_a_record_that_names_their_digests(
    pods: Pods, uri: str, exported: list[Exported]
) -> None:
    with opened(pods, uri) as store:
        told = publish(store, parsed(), exported, EVALUATION)
        assert json.loads(store.read("versions/1.json") or b"") == told
        assert store.read("savedmodel/1/saved_model.pb") == b"SavedModel saved_model.pb"
        assert store.names("tflite-int8/1") == {"model.tflite", "assets.extra"}
    assert [form["uri"] for form in told["forms"]] == [f"{uri}/savedmodel/1", f"{uri}/tflite-int8/1"]
    assert told["uri"] == f"{uri}/versions/1.json"
    assert all(len(form["sha256"]) == 64 for form in told["forms"])


def test_the_same_run_finds_its_own_version_and_another_run_takes_the_next(
    pods: Pods, uri: str, exported: list[Exported]
) -> None:
    with opened(pods, uri) as store:
        told = publish(store, parsed(run=1), exported, EVALUATION)
        assert find(store, parsed(run=1)) == told
        assert find(store, parsed(run=2)) is None
        assert version_of(store, parsed(run=2), exported) == 2


def test_a_number_in_use_by_anybody_is_not_taken(pods: Pods, uri: str, exported: list[Exported]) -> None:
    with opened(pods, uri) as store:
        store.write("savedmodel/7/saved_model.pb", b"put there by hand")
        assert version_of(store, parsed(), exported) == 8
        assert store.read("savedmodel/7/saved_model.pb") == b"put there by hand"


def test_a_run_that_is_killed_before_any_write_publishes_nothing_and_then_the_same_version(
    pods: Pods, uri: str, exported: list[Exported]
) -> None:
    writes = 2 + sum(map(len, FILES.values()))
    with opened(pods, uri) as store:
        for run in range(writes):
            document_of_run = parsed(run=run + 1)
            with pytest.raises(CutError):
                publish(Cut(store, run), document_of_run, exported, EVALUATION)
            assert find(store, document_of_run) is None
            for form in exported:
                whole = store.read(f"{form.form.folder}/{run + 1}/{form.form.main_file}") is not None
                files = len([name for name in FILES[form.form.name] if _held(store, form, run + 1, name)])
                assert whole == (files == len(FILES[form.form.name]))
            assert version_of(store, document_of_run, exported) == run + 1
            assert find(store, document_of_run)


def _held(store: Store, form: Exported, version: int, name: str) -> bool:
    return store.read(f"{form.form.folder}/{version}/{name}") is not None


def test_an_abandoned_claim_does_not_stop_others(pods: Pods, uri: str, exported: list[Exported]) -> None:
    with opened(pods, uri) as store:
        with pytest.raises(CutError):
            publish(Cut(store, 1), parsed(run=1), exported, EVALUATION)
        assert version_of(store, parsed(run=2), exported) == 2
        assert version_of(store, parsed(run=1), exported) == 1


def test_a_file_is_created_once(pods: Pods, uri: str) -> None:
    with opened(pods, uri) as store:
        assert store.create("versions/1.claim", b"mine")
        assert not store.create("versions/1.claim", b"theirs")
        assert store.read("versions/1.claim") == b"mine"
        store.remove("versions")
        assert store.read("versions/1.claim") is None


def test_a_store_that_returns_something_else_is_not_trusted(
    pods: Pods, uri: str, exported: list[Exported], monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(pods, uri) as store:
        read: Callable[[str], bytes | None] = store.read
        monkeypatch.setattr(store, "read", lambda name: b"changed" if "index" in name else read(name))
        with pytest.raises(InterruptedStageError, match="does not return what was written") as refused:
            publish(store, parsed(), exported, EVALUATION)
        assert refused.value.reason is Reason.STORE_REFUSED
        assert find(store, parsed()) is None


def test_a_store_that_does_not_let_us_write_is_told_as_that(
    pods: Pods, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOGLINE_FETCHER_ALLOW_ADDRESS", "127.0.0.0/8")
    pods.secret("publish", {**s3.environment(), "AWS_SECRET_ACCESS_KEY": "wrong"})
    with opened(pods, "s3://models/denied") as store, pytest.raises(RefusedError) as refused:
        store.write("a", b"")
    assert refused.value.reason is Reason.STORE_REFUSED
    assert "must allow to read, list, write and delete" in refused.value.message


def test_a_store_on_this_machine_is_refused(pods: Pods, s3: S3Server) -> None:
    pods.secret("publish", s3.environment())
    with opened(pods, "s3://models/digits") as store, pytest.raises(RefusedError, match="loopback"):
        store.write("a", b"")
    assert not [page for page in obstore.list(s3.bucket("models"), "digits/") if page]


@pytest.mark.parametrize("uri", ["https://host/models", "pvc://models/../a", "s3://models", "oci://image"])
def test_a_place_that_cannot_be_written_is_refused(pods: Pods, uri: str) -> None:
    pods.claim("publish")
    with pytest.raises(RefusedError) as refused, opened(pods, uri):
        pass
    assert refused.value.reason is Reason.STORE_REFUSED
