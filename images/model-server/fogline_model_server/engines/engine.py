"""What an engine is."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable

from fogline_model_server.dtypes import Array
from fogline_model_server.signatures import Signature


class Engine(Protocol):
    """A loaded model. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """Return the engine's name, for logs."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """Return the ways to call the model."""

    @property
    def seconds_per_call(self) -> float:
        """Return how long one row of zeros took when the model was loaded; infinite when that is not known.

        Front ends run fast models in the event loop and slow ones in a thread.
        """

    def run(self, signature: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        """Run the model once.

        Parameters
        ----------
        signature
            Key of ``signatures``.
        inputs
            Exactly the inputs of the signature, in its element types.
        outputs
            Names of the wanted outputs.

        Raises
        ------
        ServingError
            The model does not accept these inputs, or failed on them.

        """


class Figure(StrEnum):
    """What an engine can tell about itself at any moment, for metrics."""

    INTERPRETERS = "interpreters"
    """That there are; more are made when calls overlap, up to the size of the pool."""
    INTERPRETERS_BUSY = "interpreters_busy"
    BATCHES = "batches"
    """That were run."""
    BATCHED_REQUESTS = "batched_requests"
    """That were run in them."""
    BATCHES_WAITING = "batches_waiting"


@runtime_checkable
class Figured(Protocol):
    """An engine that tells figures."""

    @property
    def figures(self) -> Mapping[Figure, int]:
        """Return the figures of this moment."""
