"""In which order samples are trained on: the same for any number of workers. Pure.

An epoch is a list of global batches. Worker w of n holds the training samples whose place is w modulo n, and
of each batch it takes those that it holds. So the workers together see the batches that one alone would see.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fogline_trainer.samples import Rows

MAX_LANES = 64
"""Most workers that a training can have."""
MIN_SAMPLES_OF_A_LANE = 32
"""So that there is something to shuffle."""


@dataclass(frozen=True, slots=True)
class Batches:
    """What one worker takes of each global batch of an epoch."""

    rows: NDArray[np.int32]
    """Rows of its shard, batch after batch."""
    ends: NDArray[np.int32]
    """Where each batch ends in `rows`; a worker may have nothing of a batch."""
    sizes: NDArray[np.int32]
    """How many samples all workers together have of each batch."""


def order(samples: int, seed: int, epoch: int) -> Rows:
    """Shuffle the places of the training samples for an epoch.

    Neighbours come from different lanes (a place modulo a power of two), in turn. So for 2, 4, 8, ...
    workers each batch is split evenly; for other numbers nearly so.
    """
    generator = np.random.default_rng((seed, epoch))
    lanes = _lanes(samples)
    longest = -(-samples // lanes)
    table = np.full((longest, lanes), -1, np.intp)
    for lane in range(lanes):
        shuffled = generator.permutation(np.arange(lane, samples, lanes))
        table[: len(shuffled), lane] = shuffled
    return table[table >= 0]


def batches(places: Rows, batch_size: int, worker: int, workers: int) -> Batches:
    """Cut an epoch into global batches and take one worker's part of each; the last may be smaller."""
    starts = range(0, len(places), batch_size)
    cut = [places[start : start + batch_size] for start in starts]
    own = [batch[batch % workers == worker] // workers for batch in cut]
    return Batches(
        np.concatenate(own).astype(np.int32),
        np.cumsum([len(part) for part in own], dtype=np.int32),
        np.array([len(batch) for batch in cut], np.int32),
    )


def _lanes(samples: int) -> int:
    lanes = 1
    while lanes < MAX_LANES and samples >= 2 * lanes * MIN_SAMPLES_OF_A_LANE:
        lanes *= 2
    return lanes
