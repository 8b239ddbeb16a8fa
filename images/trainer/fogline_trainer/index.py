"""The index of prepared data: written last, so that data without one is not there."""

import msgspec

from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.run_document import Part, Placement

NAME = "index.json"
VALIDATION = "validation.npz"
TEST = "test.npz"


class DataFile(Part, frozen=True):
    """A file of samples."""

    name: str
    samples: int
    bytes: int
    sha256: str
    per_class: tuple[int, ...]


class Index(Part, frozen=True):
    """What was prepared, from what, and under which rules."""

    source_sha256: str
    classes: int
    duplicates_removed: int
    placement: Placement
    shards: tuple[DataFile, ...]
    """One for each worker."""
    validation: DataFile | None
    test: DataFile | None

    @property
    def files(self) -> tuple[DataFile, ...]:
        """All files."""
        return (*self.shards, *(file for file in (self.validation, self.test) if file))

    @property
    def training_samples(self) -> int:
        """Samples of all shards."""
        return sum(file.samples for file in self.shards)


def shard_name(worker: int, workers: int) -> str:
    """Return the file name of a shard."""
    return f"shard-{worker:05d}-of-{workers:05d}.npz"


def encode(index: Index) -> bytes:
    """Write an index."""
    return msgspec.json.format(msgspec.json.encode(index))


def decode(content: bytes) -> Index:
    """Read an index.

    Raises
    ------
    RefusedError
        It is none.
    """
    try:
        return msgspec.json.decode(content, type=Index)
    except msgspec.DecodeError:
        raise RefusedError(
            Reason.SHARD_CORRUPT, "the index of the prepared data is damaged: remove it from the workspace"
        ) from None
