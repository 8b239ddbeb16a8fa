"""Checkpoints in the workspace: whole when their mark is there; the older goes when the newer is whole."""

import hashlib
import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fogline_trainer.stores.store import Store

MARK = "DONE"
STATE = "state.npz"
KEPT = 2


@dataclass(frozen=True, slots=True)
class State:
    """What a training goes on from."""

    epoch: int
    """Epochs that are finished."""
    steps: int
    seconds: float
    """Spent in training, restarts left out."""
    loss: float
    """Mean of the last epoch."""
    variables: tuple[NDArray[Any], ...]
    """Of the network and of the optimiser, in their order."""


class Checkpoints:
    """The checkpoints of a run.

    Parameters
    ----------
    folder
        Of the checkpoints, in the store.
    """

    def __init__(self, store: Store, folder: str) -> None:
        self._store = store
        self._folder = folder

    def newest(self) -> int:
        """Return the epoch of the newest one that is whole; 0 if there is none."""
        return next((epoch for epoch in self._epochs() if self.load(epoch)), 0)

    def load(self, epoch: int) -> State | None:
        """Read the checkpoint of an epoch; None if it is not whole."""
        folder = f"{self._folder}/{epoch}"
        mark = self._store.read(f"{folder}/{MARK}")
        content = self._store.read(f"{folder}/{STATE}") if mark else None
        if mark is None or content is None:
            return None
        try:
            told = json.loads(mark)
            if hashlib.sha256(content).hexdigest() != told["sha256"]:
                return None
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                variables = tuple(arrays[f"arr_{number}"] for number in range(len(arrays.files)))
            return State(epoch, told["steps"], told["seconds"], told["loss"], variables)
        except (KeyError, TypeError, ValueError):
            return None

    def save(self, state: State) -> None:
        """Keep a state, and of the older ones the last."""
        stream = io.BytesIO()
        np.savez(stream, *state.variables)
        content = stream.getvalue()
        mark = {
            "sha256": hashlib.sha256(content).hexdigest(),
            "steps": state.steps,
            "seconds": round(state.seconds, 3),
            "loss": state.loss,
        }
        folder = f"{self._folder}/{state.epoch}"
        self._store.remove(folder)
        self._store.write(f"{folder}/{STATE}", content)
        self._store.write(f"{folder}/{MARK}", json.dumps(mark).encode())
        for epoch in self._epochs()[KEPT:]:
            self._store.remove(f"{self._folder}/{epoch}")

    def _epochs(self) -> list[int]:
        """Return the epochs of which there is something, the newest first."""
        return sorted(
            (int(name) for name in self._store.names(self._folder) if name.isdecimal()), reverse=True
        )
