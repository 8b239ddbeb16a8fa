"""Preparing data: whole files in, shards and an index out, used again when nothing has changed."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.support.trainer import CLASSES, Pods, parsed, random_samples, with_data

from fogline_model_server.messages import Example
from fogline_model_server.tfrecord import framed
from fogline_trainer import workspace
from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.index import Index
from fogline_trainer.prepare import prepare
from fogline_trainer.run_document import RunDocument
from fogline_trainer.samples import Samples
from fogline_trainer.stores.opening import open_store
from fogline_trainer.stores.store import Store

TWO = {"workers": {"count": 2}}


def write_csv(pods: Pods, samples: Samples) -> str:
    lines = ["a,b,labels,c,d"]
    lines += [
        f"{row[0]},{row[1]},{label},{row[2]},{row[3]}"
        for row, label in zip(samples.features.tolist(), samples.labels.tolist(), strict=True)
    ]
    (pods.claim("data") / "samples.csv").write_text("\n".join(lines))
    return "pvc://data/samples.csv"


def write_tfrecord(pods: Pods, samples: Samples) -> str:
    records = []
    for row, label in zip(samples.features.tolist(), samples.labels.tolist(), strict=True):
        example = Example()
        example.features.feature["values"].float_list.value.extend(row)
        example.features.feature["labels"].int64_list.value.append(label)
        records.append(framed(example.SerializeToString()))
    (pods.claim("data") / "samples.tfrecord").write_bytes(b"".join(records))
    return "pvc://data/samples.tfrecord"


def shards(pods: Pods, run: RunDocument) -> tuple[Index, list[Samples]]:
    with open_store("workspace", run.spec.workspace.uri, pods.mounts) as store:
        folder, index = workspace.prepared(store, run)
        return index, [workspace.load(store, folder, file) for file in index.shards]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_answer_tells_of_each_split_and_shard(pods: Pods) -> None:
    pods.write(random_samples(per_class=40))
    told = prepare(pods.stage(parsed(**TWO)))
    sizes = [told[name] for name in ("samples", "training", "validation", "test", "classes")]
    assert sizes == [120, 78, 12, 30, CLASSES]
    assert [shard["samples"] for shard in told["shards"]] == [39, 39]
    assert not told["reused"]


def test_shards_together_hold_the_training_samples(pods: Pods) -> None:
    samples = random_samples()
    pods.write(samples)
    run = parsed(**TWO)
    prepare(pods.stage(run))
    _, parts = shards(pods, run)
    whole = {row.tobytes(): label for row, label in zip(samples.features, samples.labels, strict=True)}
    for part in parts:
        assert all(
            whole[row.tobytes()] == label for row, label in zip(part.features, part.labels, strict=True)
        )


@pytest.mark.parametrize("write", [write_csv, write_tfrecord])
def test_every_format_gives_the_same_shards(pods: Pods, write: object) -> None:
    samples = random_samples()
    pods.write(samples)
    npz = parsed(run=1)
    other = parsed(run=2, data=with_data(uri=write(pods, samples)))  # type: ignore[operator]  # one of two functions
    for run in (npz, other):
        prepare(pods.stage(run))
    (one,), (another,) = (shards(pods, run)[1] for run in (npz, other))
    assert np.array_equal(one.features, another.features)
    assert np.array_equal(one.labels, another.labels)


def test_small_numbers_are_kept_small_and_scaled_for_the_model(pods: Pods) -> None:
    samples = random_samples()
    pods.write_npz(values=(samples.features * 8 + 100).astype(np.uint8), labels=samples.labels)
    run = parsed()
    prepare(pods.stage(run))
    _, (shard,) = shards(pods, run)
    assert shard.features.dtype == np.uint8
    assert np.array_equal(shard.scaled("0.0625"), shard.features.astype(np.float32) / 16)


def test_unchanged_data_is_used_again_and_changed_data_is_not(pods: Pods) -> None:
    pods.write(random_samples())
    assert not prepare(pods.stage(parsed(run=1)))["reused"]
    before = files(pods.claim("workspace") / "samples" / "data")
    assert prepare(pods.stage(parsed(run=2)))["reused"]
    assert files(pods.claim("workspace") / "samples" / "data") == before
    assert not prepare(pods.stage(parsed(run=3, **TWO)))["reused"]
    pods.write(random_samples(seed=2))
    assert not prepare(pods.stage(parsed(run=4)))["reused"]


@pytest.mark.parametrize("name", ["shard-00000-of-00001.npz", "test.npz", "index.json"])
def test_a_damaged_file_is_prepared_anew(pods: Pods, name: str) -> None:
    pods.write(random_samples())
    prepare(pods.stage(parsed()))
    (file,) = pods.claim("workspace").rglob(name)
    good = file.read_bytes()
    file.write_bytes(good[:-1])
    assert not prepare(pods.stage(parsed()))["reused"]
    assert file.read_bytes() == good


def test_a_shard_that_was_changed_is_not_trained_on(pods: Pods) -> None:
    pods.write(random_samples())
    run = parsed()
    prepare(pods.stage(run))
    (file,) = pods.claim("workspace").rglob("shard-*")
    content = bytearray(file.read_bytes())
    content[200] ^= 1
    file.write_bytes(content)
    with pytest.raises(RefusedError, match="was changed since it was prepared") as refused:
        shards(pods, run)
    assert refused.value.reason is Reason.SHARD_CORRUPT


def placed(level: str, *regions: str) -> dict[str, object]:
    return {"placement": {"dataSensitivity": level, "allowedRegions": list(regions)}}


@pytest.mark.parametrize(
    "later", [placed("Internal", "eu"), placed("Confidential", "eu", "us"), placed("Confidential")]
)
def test_data_is_not_used_again_by_a_training_that_trusts_more_nodes(
    pods: Pods, later: dict[str, object]
) -> None:
    pods.write(random_samples())
    prepare(pods.stage(parsed(run=1, **placed("Confidential", "eu"))))
    with pytest.raises(RefusedError) as refused:
        prepare(pods.stage(parsed(run=2, **later)))
    assert refused.value.reason is Reason.SENSITIVITY_LOWERED


def test_data_that_a_stricter_training_used_stays_strict(pods: Pods) -> None:
    pods.write(random_samples())
    prepare(pods.stage(parsed(run=1, **placed("Public"))))
    assert prepare(pods.stage(parsed(run=2, **placed("Restricted", "eu"))))["reused"]
    with pytest.raises(RefusedError, match="was prepared as Restricted"):
        prepare(pods.stage(parsed(run=3, **placed("Public"))))
    with pytest.raises(RefusedError):
        shards(pods, parsed(run=1, **placed("Public")))


def test_the_index_is_written_last(pods: Pods, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def note(_self: Store, name: str, _content: bytes) -> None:
        written.append(name.rsplit("/", 1)[-1])

    monkeypatch.setattr("fogline_trainer.stores.folder.FolderStore.write", note)
    pods.write(random_samples())
    prepare(pods.stage(parsed(**TWO)))
    assert written.index("index.json") == len(written) - 2
    assert written[-1] == "data"


def test_the_digest_of_the_source_is_kept(pods: Pods) -> None:
    pods.write(random_samples())
    prepare(pods.stage(parsed()))
    (file,) = pods.claim("workspace").rglob("index.json")
    assert len(json.loads(file.read_bytes())["sourceSha256"]) == 64
