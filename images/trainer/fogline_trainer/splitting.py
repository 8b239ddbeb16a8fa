"""Which sample goes where. Pure, and independent of the order of the samples in their file.

Samples are put in order by a digest of their content, class by class, and then drawn by the seed: so the
same set of samples gives the same splits and shards, however its file was sorted.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.run_document import Data, Split
from fogline_trainer.samples import Rows, Samples


@dataclass(frozen=True, slots=True)
class Divided:
    """Rows of the samples for each use."""

    training: Rows
    """Class after class; a row's place in it says into which shard it goes."""
    validation: Rows
    test: Rows
    duplicates_removed: int


def divide(samples: Samples, data: Data, workers: int) -> Divided:
    """Look for equal samples, and draw the splits, each class by itself.

    Raises
    ------
    RefusedError
        Contradiction, DuplicatesFound or TooFewSamples.
    """
    digests = _digests(samples.features)
    in_order = np.lexsort((digests[:, 1], digests[:, 0]))
    is_repeated = _same_as_before(digests[in_order])
    _check_contradictions(in_order, is_repeated, samples.labels)
    repeated = int(is_repeated.sum())
    if repeated and data.duplicates == "Reject":
        first = int(in_order[is_repeated][0])
        raise RefusedError(
            Reason.DUPLICATES_FOUND,
            f"{repeated} samples are equal to others, such as sample {first}: remove them, or set "
            "data.duplicates",
        )
    kept = in_order[~is_repeated] if data.duplicates == "Remove" else in_order
    drawn = [
        _draw(kept[samples.labels[kept] == number], data.split, number)
        for number in range(data.label.classes)
    ]
    training, validation, test = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    if len(training) < workers:
        raise RefusedError(
            Reason.TOO_FEW_SAMPLES,
            f"{len(training)} samples are left to train on, for {workers} workers: add samples or take "
            "fewer workers",
        )
    return Divided(training, validation, test, repeated if data.duplicates == "Remove" else 0)


def shard(training: Rows, worker: int, workers: int) -> Rows:
    """Return the rows of one shard: every n-th, so that the samples of each class differ by one at most."""
    return training[worker::workers]


def _draw(members: Rows, split: Split, number: int) -> tuple[Rows, Rows, Rows]:
    """Split one class."""
    drawn = np.random.default_rng((split.seed, number)).permutation(members)
    test = _share(len(drawn), split.test_percent)
    validation = _share(len(drawn), split.validation_percent)
    if test + validation >= len(drawn):
        raise RefusedError(
            Reason.TOO_FEW_SAMPLES,
            f"class {number} has {len(drawn)} samples, of which {test} would be for the test and "
            f"{validation} for the "
            "validation, so that none is left to train on: add samples of it, or change data.split",
        )
    return drawn[test + validation :], drawn[test : test + validation], drawn[:test]


def _share(count: int, percent: int) -> int:
    """Return a share, rounded, but one at least if there is to be any."""
    return max((count * percent + 50) // 100, 1) if percent else 0


def _digests(features: NDArray[Any]) -> NDArray[np.uint64]:
    """Return two numbers for each sample that are equal for equal samples."""
    rows = np.ascontiguousarray(features.reshape(len(features), -1))
    if rows.dtype.kind == "f":
        rows = rows + rows.dtype.type(0)  # -0.0 becomes 0.0, its equal
    content = b"".join(hashlib.blake2b(row, digest_size=16).digest() for row in rows)
    return np.frombuffer(content, np.uint64).reshape(-1, 2)


def _same_as_before(digests: NDArray[np.uint64]) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = np.zeros(len(digests), np.bool_)
    same[1:] = (digests[1:] == digests[:-1]).all(axis=1)
    return same


def _check_contradictions(in_order: Rows, is_repeated: NDArray[np.bool_], labels: NDArray[np.int32]) -> None:
    later = np.flatnonzero(is_repeated)
    bad = later[labels[in_order[later]] != labels[in_order[later - 1]]]
    if len(bad):
        one, other = int(in_order[bad[0] - 1]), int(in_order[bad[0]])
        raise RefusedError(
            Reason.CONTRADICTION,
            f"{len(bad)} samples are equal to another one with a different label: sample {one} is of class "
            f"{labels[one]} and sample {other} of class {labels[other]}: repair the labels",
        )
