"""Warm-up records: read, checked and replayed before a version answers anybody else."""

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.model_server import predict_request
from tests.support.tfrecord import write_warmup

from fogline_model_server import engines
from fogline_model_server.catalog import ModelVersion
from fogline_model_server.errors import LoadError
from fogline_model_server.messages import PredictionLog
from fogline_model_server.metrics.meter import Meter
from fogline_model_server.models.loader import Loader
from fogline_model_server.models.warmup import MAX_RECORDS, warm_up
from fogline_model_server.tfrecord import DamagedFileError, framed, records

MAX_BYTES = len(b"content")
ROW = np.ones((1, 2), np.float32)


class Counting:
    """An engine that counts its runs, and runs the real one."""

    name = "counting"

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.signatures = engine.signatures
        self.seconds_per_call = engine.seconds_per_call
        self.runs = 0

    def run(self, *arguments: Any) -> Any:
        """Run."""
        self.runs += 1
        return self._engine.run(*arguments)


@pytest.fixture
def version(models: Path) -> ModelVersion:
    return ModelVersion(7, Counting(engines.load(models / "plain/00000007")))


def runs(version: ModelVersion) -> int:
    assert isinstance(version.engine, Counting)
    return version.engine.runs


def recorded(**spec: Any) -> bytes:
    log = PredictionLog()
    log.predict_log.request.CopyFrom(predict_request({"x": ROW}, **spec))
    content: bytes = log.SerializeToString()
    return content


def test_every_record_is_replayed_so_many_times(tmp_path: Path, version: ModelVersion) -> None:
    write_warmup(tmp_path, recorded(), recorded())
    assert warm_up(tmp_path, version, 3) == 2
    assert runs(version) == 6


def test_records_mean_the_version_that_they_lie_in(tmp_path: Path, version: ModelVersion) -> None:
    write_warmup(tmp_path, recorded(name="other", version=4), recorded(name="", label="stable"))
    assert warm_up(tmp_path, version, 1) == 2


def test_a_version_without_records_needs_none(tmp_path: Path, version: ModelVersion) -> None:
    assert warm_up(tmp_path, version, 1) == 0


def test_records_of_tensorflow_are_read() -> None:
    """The file that TensorFlow 2.21 writes for the records ``a`` and nothing."""
    content = bytes.fromhex("01000000000000000175de4161786ee428000000000000000029039807d8ea82a2")
    assert list(records(io.BytesIO(content), MAX_BYTES)) == [b"a", b""]


def test_too_many_records_are_refused(tmp_path: Path, version: ModelVersion) -> None:
    write_warmup(tmp_path, *[recorded()] * (MAX_RECORDS + 1))
    with pytest.raises(LoadError, match=r"Number of warmup records exceeds the maximum \(1000\)"):
        warm_up(tmp_path, version, 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no model", "is no PredictionLog"),
        (b"", "Unsupported log_type for warmup: none"),
        (recorded(signature="other"), 'Serving signature key "other" not found.'),
    ],
)
def test_a_record_that_is_not_answered_fails_the_load(
    tmp_path: Path, version: ModelVersion, content: bytes, reason: str
) -> None:
    write_warmup(tmp_path, recorded(), content)
    with pytest.raises(LoadError) as failed:
        warm_up(tmp_path, version, 1)
    assert reason in str(failed.value)
    assert "record 2" in str(failed.value)


@pytest.mark.parametrize("position", range(len(framed(b"content"))))
def test_any_damaged_byte_is_found(position: int) -> None:
    content = bytearray(framed(b"content"))
    content[position] ^= 1
    with pytest.raises(DamagedFileError, match="damaged"):
        list(records(io.BytesIO(content), MAX_BYTES))


@pytest.mark.parametrize("length", range(1, len(framed(b"content"))))
def test_a_file_that_ends_too_early_is_found(length: int) -> None:
    with pytest.raises(DamagedFileError, match="damaged"):
        list(records(io.BytesIO(framed(b"content")[:length]), MAX_BYTES))


def test_a_record_that_claims_to_be_huge_is_not_read() -> None:
    with pytest.raises(DamagedFileError, match="has a record of 7 bytes, allowed are 6"):
        list(records(io.BytesIO(framed(b"content")), MAX_BYTES - 1))


@pytest.mark.parametrize(("iterations", "expected"), [(0, 0), (2, 4)])
def test_a_loader_warms_up_as_often_as_it_is_told(
    models: Path, tmp_path: Path, iterations: int, expected: int
) -> None:
    folder = tmp_path / "1"
    shutil.copytree(models / "plain/00000007", folder)
    write_warmup(folder, recorded(), recorded())
    load = Loader(lambda path: Counting(engines.load(path)), Meter(), iterations)
    assert runs(load("m", 1, folder)) == expected
