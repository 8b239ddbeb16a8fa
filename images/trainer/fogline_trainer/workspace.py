"""Prepared data in the workspace, found again and verified."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fogline_trainer import index as indexes
from fogline_trainer.errors import InterruptedStageError, Reason, RefusedError
from fogline_trainer.index import DataFile, Index
from fogline_trainer.run_document import RunDocument
from fogline_trainer.samples import Samples, from_npz
from fogline_trainer.sensitivity import check_not_lowered
from fogline_trainer.stores.opening import Mounts
from fogline_trainer.stores.store import Store

POINTER = "data"
"""File of a run that names its prepared data."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What every stage is given."""

    document: RunDocument
    mounts: Mounts
    work: Path
    """Empty at first; restarted containers find what they left."""
    model_folder: Path
    """Where the ConfigMap of a module is mounted."""
    max_bytes: int
    """Of the samples in memory."""


def data_folder(key: str) -> str:
    """Return the folder of prepared data, below the workspace."""
    return f"data/{key}"


def prepared(store: Store, document: RunDocument) -> tuple[str, Index]:
    """Find the data that the run's first stage prepared.

    Returns
    -------
    tuple
        Its folder and its index.

    Raises
    ------
    StageError
        It is not there, is damaged, or must not be used by this training.
    """
    pointer = store.read(f"{document.folder}/{POINTER}")
    folder = data_folder((pointer or b"").decode("ascii", "replace"))
    content = store.read(f"{folder}/{indexes.NAME}") if pointer else None
    if content is None:
        raise InterruptedStageError(
            Reason.FAILED, "the workspace has no prepared data of this run: run the training again"
        )
    index = indexes.decode(content)
    check_not_lowered(document.spec.placement, index.placement)
    return folder, index


def load(store: Store, folder: str, file: DataFile) -> Samples:
    """Read a file of samples.

    Raises
    ------
    RefusedError
        ShardCorrupt: it is gone or not what the index says.
    """
    content = store.read(f"{folder}/{file.name}")
    if not is_whole(content, file):
        raise _corrupt(file)
    try:
        return from_npz(content or b"")
    except ValueError:
        raise _corrupt(file) from None


def is_whole(content: bytes | None, file: DataFile) -> bool:
    """Say whether this is what the index says."""
    return content is not None and hashlib.sha256(content).hexdigest() == file.sha256


def _corrupt(file: DataFile) -> RefusedError:
    return RefusedError(
        Reason.SHARD_CORRUPT,
        f"{file.name} in the workspace is gone or was changed since it was prepared: run the training "
        "again, which "
        "prepares it anew",
    )
