"""The second stage: every worker trains on its shard; the first of them keeps what all have computed."""

import math
import time
from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf  # type: ignore[import-untyped]  # it ships no types

from fogline_trainer import cluster, workspace
from fogline_trainer.checkpoints import Checkpoints, State
from fogline_trainer.cluster import Crew
from fogline_trainer.epochs import batches, order
from fogline_trainer.errors import InterruptedStageError, Reason, RefusedError
from fogline_trainer.loop import Trainer, make_strategy
from fogline_trainer.network import build, builder, optimizer, scores, to_keras
from fogline_trainer.progress import ProgressServer
from fogline_trainer.run_document import RunDocument
from fogline_trainer.samples import Samples
from fogline_trainer.scoring import accuracy
from fogline_trainer.stores.opening import open_store
from fogline_trainer.stores.store import Store
from fogline_trainer.workspace import Stage

FINAL = "final.keras"
"""File of a run: the trained network."""


def train(stage: Stage, told: ProgressServer, environment: MutableMapping[str, str]) -> dict[str, Any]:
    """Train, from the last checkpoint if there is one; return what the status is to tell.

    Parameters
    ----------
    environment
        Names the workers; TF_CONFIG is put there, where TensorFlow looks for it.

    Raises
    ------
    StageError
        ShardCorrupt, LossNotFinite, an error of the network or of the workspace, or a worker is gone.
    """
    document = stage.document
    spec = document.spec
    crew = cluster.parse(environment, spec.workers.count)
    told.say(worker=crew.worker, epochs=spec.fit.epochs)
    with open_store("workspace", spec.workspace.uri, stage.mounts) as store:
        folder, index = workspace.prepared(store, document)
        shard = workspace.load(store, folder, index.shards[crew.worker])
        validation = workspace.load(store, folder, index.validation) if index.validation else None
        make = builder(stage)
        if config := crew.tensorflow_config():
            environment["TF_CONFIG"] = config
        try:
            trainer = Trainer(
                make_strategy(),
                lambda: build(make, spec),
                lambda: optimizer(spec.fit),
                (shard.scaled(spec.data.features.scale), shard.labels),
            )
            run = _Run(document, crew, trainer, index.training_samples, validation)
            return run.finish(store, run.fit(store, told))
        except tf.errors.OpError as error:
            raise InterruptedStageError(
                Reason.FAILED,
                "another worker ended, or cannot be reached; all are started again and go on from the last "
                f"checkpoint ({type(error).__name__})",
            ) from error


@dataclass(frozen=True, slots=True)
class _Run:
    """One worker's part of a training."""

    document: RunDocument
    crew: Crew
    trainer: Trainer
    samples: int
    """Of all shards."""
    validation: Samples | None

    def fit(self, store: Store, told: ProgressServer) -> State:
        """Train the epochs that are missing."""
        spec = self.document.spec
        checkpoints = Checkpoints(store, f"{self.document.folder}/checkpoints")
        state = self._resume(checkpoints)
        told.say(epoch=state.epoch)
        while state.epoch < spec.fit.epochs:
            state = self._epoch(state, told)
            told.say(epoch=state.epoch, loss=state.loss, metric=self._metric())
            if state.epoch % spec.checkpoint.every_epochs == 0 or state.epoch == spec.fit.epochs:
                state = replace(state, variables=self.trainer.state())
                if self.crew.is_chief:
                    checkpoints.save(state)
        return state

    def finish(self, store: Store, state: State) -> dict[str, Any]:
        """Keep the network; return what the status is to tell."""
        if self.crew.is_chief:
            file = f"{self.document.folder}/{FINAL}"
            store.write(file, to_keras(self.trainer.network))
        # Nobody leaves before the network is kept: workers take an end for a failure.
        self.trainer.agree(0)
        trained = self.samples * state.epoch
        return {
            "epochs": state.epoch,
            "loss": state.loss,
            "metric": self._metric(),
            "steps": state.steps,
            "seconds": round(state.seconds, 3),
            "samplesPerSecond": round(trained / state.seconds, 1) if state.seconds else 0.0,
        }

    def _resume(self, checkpoints: Checkpoints) -> State:
        """Take the checkpoint that the first worker found, whatever this one sees."""
        epoch = self.trainer.agree(checkpoints.newest() if self.crew.is_chief else 0)
        if not epoch:
            return State(0, 0, 0.0, 0.0, ())
        state = checkpoints.load(epoch)
        if state is None:
            raise InterruptedStageError(
                Reason.FAILED, "the checkpoint vanished: the workers are started again"
            )
        try:
            self.trainer.restore(state.variables)
        except ValueError:
            raise RefusedError(
                Reason.MODEL_MISMATCH,
                "the network is not the one of the checkpoint: its module was changed; run the training "
                "again",
            ) from None
        return state

    def _epoch(self, state: State, told: ProgressServer) -> State:
        fit = self.document.spec.fit
        places = order(self.samples, fit.seed, state.epoch)
        mine = batches(places, fit.batch_size, self.crew.worker, self.crew.workers)
        begin = last = time.monotonic()
        for count in self.trainer.train(mine):
            now = time.monotonic()
            told.say(samplesPerSecond=round(count / (now - last), 1))
            last = now
        loss = self.trainer.take_loss() / self.samples
        if not math.isfinite(loss):
            raise RefusedError(
                Reason.LOSS_NOT_FINITE,
                f"the loss is {loss} after epoch {state.epoch + 1}: lower fit.learningRate, or scale the "
                "features",
            )
        seconds = state.seconds + time.monotonic() - begin
        return State(state.epoch + 1, state.steps + len(mine.sizes), seconds, loss, ())

    def _metric(self) -> float | None:
        """Return the accuracy on the validation split, which the first worker finds out for all."""
        if self.validation is None or not self.crew.is_chief:
            return None
        features = self.validation.scaled(self.document.spec.data.features.scale)
        return accuracy(scores(self.trainer.network, features), self.validation.labels)
