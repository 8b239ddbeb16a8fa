"""Splits and shards: drawn by the seed, each class by itself, whatever the order of the file."""

import numpy as np
import pytest
from tests.support.trainer import CLASSES, parsed, random_samples, with_data

from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.samples import Rows, Samples
from fogline_trainer.splitting import Divided, divide, shard


def divided(samples: Samples, workers: int = 2, **changes: object) -> Divided:
    return divide(samples, parsed(data=with_data(**changes)).spec.data, workers)


def content(samples: Samples, rows: Rows) -> list[bytes]:
    return [samples.features[row].tobytes() for row in rows]


def test_every_sample_is_in_one_split_and_each_class_has_its_share() -> None:
    samples = random_samples(per_class=40)
    parts = divided(samples)
    uses = (parts.training, parts.validation, parts.test)
    assert sorted(np.concatenate(uses)) == list(range(len(samples)))
    assert [samples.take(rows).per_class(CLASSES) for rows in uses] == [[26] * 3, [4] * 3, [10] * 3]


def test_another_order_of_the_file_gives_the_same_splits_in_the_same_order() -> None:
    samples = random_samples()
    shuffled = samples.take(np.random.default_rng(5).permutation(len(samples)))
    one, other = divided(samples), divided(shuffled)
    assert content(samples, one.training) == content(shuffled, other.training)
    assert content(samples, one.test) == content(shuffled, other.test)


def test_another_seed_gives_another_split() -> None:
    samples = random_samples()
    split = {"validationPercent": 10, "testPercent": 25, "seed": 8}
    assert content(samples, divided(samples).test) != content(samples, divided(samples, split=split).test)


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_shards_differ_by_one_sample_at_most_and_so_do_their_classes(workers: int) -> None:
    samples = random_samples(per_class=31)
    training = divided(samples, workers).training
    shards = [samples.take(shard(training, worker, workers)) for worker in range(workers)]
    counts = np.array([part.per_class(CLASSES) for part in shards])
    assert counts.sum() == len(training)
    assert np.ptp(counts, axis=0).max() <= 1
    assert np.ptp(counts.sum(axis=1)) <= 1


@pytest.mark.parametrize(("duplicates", "removed", "kept"), [("Remove", 2, 60), ("Keep", 0, 62)])
def test_duplicates_are_removed_or_kept_as_asked(duplicates: str, removed: int, kept: int) -> None:
    samples = random_samples()
    repeated = samples.take(np.concatenate((np.arange(len(samples)), [4, 4])))
    parts = divided(repeated, duplicates=duplicates)
    assert parts.duplicates_removed == removed
    assert len(parts.training) + len(parts.validation) + len(parts.test) == kept


def test_zero_and_minus_zero_are_the_same_sample() -> None:
    samples = random_samples()
    samples.features[0] = 0.0
    samples.features[1] = -0.0
    assert divided(samples).duplicates_removed == 1


def test_equal_samples_of_two_classes_are_a_contradiction() -> None:
    samples = random_samples()
    samples.features[25] = samples.features[3]
    with pytest.raises(RefusedError, match="sample 3 is of class 0 and sample 25 of class 1") as refused:
        divided(samples)
    assert refused.value.reason is Reason.CONTRADICTION
