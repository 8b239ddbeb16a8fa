"""The first stage: fetch, check, split, shard, upload. The index comes last."""

import hashlib
from typing import Any

import msgspec

from fogline_model_fetcher.digest import sha256_of
from fogline_trainer import fetching, index, readers
from fogline_trainer.checks import checked
from fogline_trainer.errors import RefusedError
from fogline_trainer.index import DataFile, Index
from fogline_trainer.run_document import RunDocument, data_key
from fogline_trainer.samples import Samples, to_npz
from fogline_trainer.sensitivity import check_not_lowered
from fogline_trainer.splitting import divide, shard
from fogline_trainer.stores.opening import open_store
from fogline_trainer.stores.store import Store
from fogline_trainer.workspace import POINTER, Stage, data_folder, is_whole

MAX_SHARDS_TOLD = 20
"""In the answer, which has 4,000 bytes."""


def prepare(stage: Stage) -> dict[str, Any]:
    """Prepare the data of a run, or find it prepared; return what the status is to tell.

    Raises
    ------
    StageError
        The data or the workspace cannot be used.
    """
    document, spec = stage.document, stage.document.spec
    file = fetching.bring("data", spec.data.uri, spec.data.sha256, stage.mounts, stage.work)
    source_sha256 = sha256_of(file)
    key = data_key(source_sha256, spec)
    with open_store("workspace", spec.workspace.uri, stage.mounts) as store:
        kept = _whole_index(store, data_folder(key))
        if kept:
            prepared = _keep(store, data_folder(key), kept, document)
        else:
            features, labels = readers.read(file, spec.data, stage.max_bytes)
            samples = checked(features, labels, spec.data.features, spec.data.label)
            prepared = _upload(store, data_folder(key), samples, document, source_sha256)
        store.write(f"{document.folder}/{POINTER}", key.encode())
    return _told(prepared, reused=kept is not None)


def _whole_index(store: Store, folder: str) -> Index | None:
    """Return the index of data that is there as a whole and unchanged."""
    content = store.read(f"{folder}/{index.NAME}")
    if content is None:
        return None
    try:
        found = index.decode(content)
    except RefusedError:
        return None  # prepared anew, like data without one
    whole = all(is_whole(store.read(f"{folder}/{file.name}"), file) for file in found.files)
    return found if whole else None


def _keep(store: Store, folder: str, kept: Index, document: RunDocument) -> Index:
    """Use data again; from now on under the rules of this training, which are as strict or stricter."""
    asked = document.spec.placement
    check_not_lowered(asked, kept.placement)
    if asked == kept.placement:
        return kept
    stricter = msgspec.structs.replace(kept, placement=asked)
    store.write(f"{folder}/{index.NAME}", index.encode(stricter))
    return stricter


def _upload(store: Store, folder: str, samples: Samples, document: RunDocument, source_sha256: str) -> Index:
    spec = document.spec
    workers, classes = spec.workers.count, spec.data.label.classes
    divided = divide(samples, spec.data, workers)

    def put(name: str, part: Samples) -> DataFile | None:
        if not len(part):
            return None
        content = to_npz(part)
        store.write(f"{folder}/{name}", content)
        digest = hashlib.sha256(content).hexdigest()
        return DataFile(name, len(part), len(content), digest, tuple(part.per_class(classes)))

    shards = [
        put(index.shard_name(worker, workers), samples.take(shard(divided.training, worker, workers)))
        for worker in range(workers)
    ]
    prepared = Index(
        source_sha256=source_sha256,
        classes=classes,
        duplicates_removed=divided.duplicates_removed,
        placement=spec.placement,
        shards=tuple(file for file in shards if file),
        validation=put(index.VALIDATION, samples.take(divided.validation)),
        test=put(index.TEST, samples.take(divided.test)),
    )
    store.write(f"{folder}/{index.NAME}", index.encode(prepared))
    return prepared


def _told(prepared: Index, *, reused: bool) -> dict[str, Any]:
    validation = prepared.validation.samples if prepared.validation else 0
    test = prepared.test.samples if prepared.test else 0
    return {
        "samples": prepared.training_samples + validation + test,
        "training": prepared.training_samples,
        "validation": validation,
        "test": test,
        "classes": prepared.classes,
        "duplicatesRemoved": prepared.duplicates_removed,
        "reused": reused,
        "shards": [
            {"index": number, "samples": file.samples, "bytes": file.bytes, "sha256": file.sha256}
            for number, file in enumerate(prepared.shards[:MAX_SHARDS_TOLD])
        ],
    }
