"""The training loop: data-parallel, synchronous, the same arithmetic for one worker and for many.

`fit` of Keras 3 does not run under MultiWorkerMirroredStrategy, so the loop is our own. The loss of each
sample counts by the size of the global batch, and gradients are summed over the workers: so the update is
that of one worker who sees the whole batch. Layers that look at a batch as a whole, such as
BatchNormalization, see each worker's part alone.
"""

import signal
from collections.abc import Callable, Iterator
from typing import Any

import keras  # type: ignore[import-untyped]  # it ships no types
import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]  # it ships no types
from numpy.typing import NDArray

from fogline_trainer.epochs import Batches

STEPS_OF_A_CALL = 50
"""Then progress is told."""


class Trainer:
    """A network and its optimiser under a strategy.

    Parameters
    ----------
    make, make_optimizer
        Called in the scope of the strategy, to which their variables then belong.
    shard
        Features and labels of this worker.
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy,
        make: Callable[[], keras.Model],
        make_optimizer: Callable[[], keras.optimizers.Optimizer],
        shard: tuple[NDArray[np.float32], NDArray[np.int32]],
    ) -> None:
        self._strategy = strategy
        with strategy.scope():
            self.network = make()
            self._optimizer = make_optimizer()
            self._optimizer.build(self.network.trainable_variables)
            self._loss = tf.Variable(
                0.0,
                trainable=False,
                synchronization=tf.VariableSynchronization.ON_READ,
                aggregation=tf.VariableAggregation.SUM,
            )
            self._features, self._labels = map(tf.constant, shard)
        self._run = tf.function(self._steps, reduce_retracing=True)

    @property
    def _variables(self) -> list[Any]:
        return [*self.network.variables, *self._optimizer.variables]

    def state(self) -> tuple[NDArray[Any], ...]:
        """Return the values of all variables; every worker must ask for them."""
        return tuple(np.asarray(variable) for variable in self._variables)

    def restore(self, values: tuple[NDArray[Any], ...]) -> None:
        """Set all variables.

        Raises
        ------
        ValueError
            The values are those of another network.
        """
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)

    def agree(self, number: int) -> int:
        """Return the sum of what all workers say."""
        said = self._strategy.run(lambda: tf.constant(number, tf.int64))
        return int(self._strategy.reduce(tf.distribute.ReduceOp.SUM, said, axis=None))

    def train(self, batches: Batches) -> Iterator[int]:
        """Go through an epoch; yields now and then, with the number of samples of all workers since."""
        for start in range(0, len(batches.sizes), STEPS_OF_A_CALL):
            some = slice(start, start + STEPS_OF_A_CALL)
            begin = batches.ends[start - 1] if start else 0
            ends = batches.ends[some]
            self._run(
                tf.constant(batches.rows[begin : ends[-1]]),
                tf.constant(np.concatenate(([0], ends - begin)).astype(np.int32)),
                tf.constant(batches.sizes[some]),
            )
            yield int(batches.sizes[some].sum())

    def take_loss(self) -> float:
        """Return the sum of the losses of all batches since it was last asked; every worker must ask."""
        total = float(self._loss.read_value())
        self._loss.assign(0.0)
        return total

    def _steps(self, rows: tf.Tensor, ends: tf.Tensor, sizes: tf.Tensor) -> None:
        for step in tf.range(tf.size(sizes)):
            own = rows[ends[step] : ends[step + 1]]
            self._strategy.run(self._step, (own, sizes[step]))

    def _step(self, own: tf.Tensor, size: tf.Tensor) -> None:
        features, labels = tf.gather(self._features, own), tf.gather(self._labels, own)
        with tf.GradientTape() as tape:
            losses = keras.losses.sparse_categorical_crossentropy(
                labels, self.network(features, training=True)
            )
            loss = tf.reduce_sum(losses) / tf.cast(size, losses.dtype)
            loss += tf.add_n(self.network.losses or [tf.zeros(())]) / self._strategy.num_replicas_in_sync
        weights = self.network.trainable_variables
        # Summed over the workers by the optimiser.
        self._optimizer.apply(tape.gradient(loss, weights), weights)
        self._loss.assign_add(loss * tf.cast(size, loss.dtype))


def make_strategy() -> tf.distribute.Strategy:
    """Join the workers that TF_CONFIG names, or be the only one."""
    tf.config.experimental.enable_op_determinism()
    on_sigterm = signal.getsignal(signal.SIGTERM)
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=tf.distribute.experimental.CommunicationImplementation.RING
    )
    strategy = tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    # It takes the signal for a notice and goes on; this process is to end at once.
    signal.signal(signal.SIGTERM, on_sigterm)
    return strategy
