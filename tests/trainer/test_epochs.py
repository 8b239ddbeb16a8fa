"""The order of samples: the same for any number of workers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogline_trainer.epochs import batches, order

COUNTS = st.integers(1, 3000)


@given(COUNTS, st.integers(0, 9), st.integers(0, 9))
def test_an_epoch_has_every_sample_once(samples: int, seed: int, epoch: int) -> None:
    assert sorted(order(samples, seed, epoch)) == list(range(samples))


@given(st.integers(1, 500), st.integers(1, 100), st.integers(1, 9))
def test_workers_together_see_the_batches_that_one_alone_would_see(
    samples: int, batch_size: int, workers: int
) -> None:
    places = order(samples, 7, 3)
    parts = [batches(places, batch_size, worker, workers) for worker in range(workers)]
    begins = [np.concatenate(([0], part.ends)) for part in parts]
    for number, start in enumerate(range(0, samples, batch_size)):
        seen = sorted(
            row * workers + worker
            for worker, part in enumerate(parts)
            for row in part.rows[begins[worker][number] : begins[worker][number + 1]].tolist()
        )
        assert seen == sorted(places[start : start + batch_size].tolist())
        assert all(part.sizes[number] == len(seen) for part in parts)


@pytest.mark.parametrize("workers", [2, 4, 8])
def test_2_4_or_8_workers_have_equal_parts_of_each_batch(workers: int) -> None:
    places = order(2048, 7, 0)
    for worker in range(workers):
        sizes = np.diff(batches(places, 64, worker, workers).ends, prepend=0)
        assert set(sizes.tolist()) == {64 // workers}


def test_another_epoch_and_another_seed_give_another_order() -> None:
    assert len({order(1000, seed, epoch).tobytes() for seed in (1, 2) for epoch in (0, 1)}) == 4
