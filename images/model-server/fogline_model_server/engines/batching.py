"""Requests that come at about the same time are run as one: a batch costs less than its rows one by one.

Names and behaviour of the parameters are those of TensorFlow Serving. A batch has no thread of its own: the
caller whose rows open it waits for more, runs it, and hands the others their part.
"""

import threading
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from fogline_model_server import log
from fogline_model_server.dtypes import Array
from fogline_model_server.engines.engine import Engine, Figure, Figured
from fogline_model_server.engines.merging import NotByRowError, merged, parts
from fogline_model_server.errors import Code, ServingError, invalid_argument
from fogline_model_server.signatures import Signature

SLOW_SECONDS = 0.001
"""A faster model gains nothing: waiting for others takes longer than running it."""


@dataclass(frozen=True, slots=True)
class BatchingParameters:
    """How requests are put together; defaults are those of TensorFlow Serving."""

    max_batch_size: int = 1000
    """Rows in one batch."""
    timeout_seconds: float = 0.0
    """How long a batch waits for more rows when it could be run."""
    max_enqueued_batches: int = 10
    """Batches that wait; what comes then is refused."""
    threads: int = 1
    """Batches that run at the same time."""
    allowed_batch_sizes: tuple[int, ...] = ()
    """Sizes that a batch is filled up to, by repeating a row; empty: any size."""
    pad_variable_length_inputs: bool = False
    """Whether inputs that differ in other dimensions than the first are filled up to run together."""


class Batching:
    """The parameters, and what all models of one server share: how many batches run at the same time."""

    def __init__(self, parameters: BatchingParameters) -> None:
        self.parameters = parameters
        self.slots = threading.Semaphore(parameters.threads)

    def wrapped(self, engine: Engine) -> Engine:
        """Return an engine that batches, where that pays, or the engine as it is; the log says which."""
        names = sorted(name for name, signature in engine.signatures.items() if has_rows(signature))
        reason = ""
        if engine.seconds_per_call < SLOW_SECONDS:
            reason = f"one call takes {engine.seconds_per_call * 1000:.3f} ms: less than batching costs"
        elif getattr(engine, "keeps_state", False):
            reason = "it keeps state between calls"
        elif not names:
            reason = "no signature has a first dimension of any size in all of its inputs"
        if reason:
            log.info("the model is not batched", reason=reason)
            return engine
        log.info("the model is batched", signatures=names)
        return BatchingEngine(engine, self.parameters, self.slots)


@dataclass(slots=True)
class _Task:
    inputs: Mapping[str, Array]
    rows: int
    outputs: dict[str, Array] | None = None
    error: Exception | None = None


@dataclass(slots=True)
class _Batch:
    tasks: list[_Task] = field(default_factory=list)
    rows: int = 0
    full: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)


class BatchingEngine:
    """An engine whose overlapping calls are run together, signature by signature.

    Parameters
    ----------
    engine
        What runs the batches.
    slots
        As many as batches may run at the same time, over all models.

    """

    def __init__(self, engine: Engine, parameters: BatchingParameters, slots: threading.Semaphore) -> None:
        self.name = engine.name
        self.signatures: Mapping[str, Signature] = engine.signatures
        self.seconds_per_call = engine.seconds_per_call
        self.batched = frozenset(name for name, one in engine.signatures.items() if has_rows(one))
        """Signatures whose calls are run together."""
        self._engine = engine
        self._parameters = parameters
        self._slots = slots
        self._lock = threading.Lock()
        self._open: dict[Hashable, _Batch] = {}
        self._waiting: dict[str, int] = dict.fromkeys(self.batched, 0)
        self._batches = 0
        self._batched_requests = 0

    @property
    def figures(self) -> Mapping[Figure, int]:
        """Return the figures of this moment, those of the engine inside too."""
        inside = self._engine.figures if isinstance(self._engine, Figured) else {}
        with self._lock:
            return {
                **inside,
                Figure.BATCHES: self._batches,
                Figure.BATCHED_REQUESTS: self._batched_requests,
                Figure.BATCHES_WAITING: sum(self._waiting.values()),
            }

    def run(self, signature: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        """Run the model once, perhaps with the rows of other callers; see `Engine`.

        Raises
        ------
        ServingError
            UNAVAILABLE: too many wait. INVALID_ARGUMENT: more rows than a batch may have.

        """
        if signature not in self.batched:
            return self._engine.run(signature, inputs, outputs)
        task = _Task(inputs, _rows(inputs))
        if task.rows == 0:
            return self._engine.run(signature, inputs, outputs)
        key = (signature, tuple(outputs), *self._alike(inputs))
        batch, opened = self._join(signature, key, task)
        if opened:
            self._lead(signature, key, batch, outputs)
        else:
            batch.done.wait()
        if task.outputs is None:
            raise task.error or ServingError(Code.INTERNAL, "the batch was not run")
        return task.outputs

    def _alike(self, inputs: Mapping[str, Array]) -> list[Hashable]:
        """Return what must be the same for inputs to be run together."""
        if self._parameters.pad_variable_length_inputs:
            return [array.ndim for array in inputs.values()]
        return [array.shape[1:] for _, array in sorted(inputs.items())]

    def _join(self, signature: str, key: Hashable, task: _Task) -> tuple[_Batch, bool]:
        """Add rows to a batch, and tell whether they are its first."""
        most = self._parameters.max_batch_size
        if task.rows > most:
            raise invalid_argument(f"Task size {task.rows} is larger than maximum input batch size {most}")
        with self._lock:
            batch = self._open.get(key)
            if batch is not None and batch.rows + task.rows > most:
                batch.full.set()
                batch = None
            opened = batch is None
            if batch is None:
                if self._waiting[signature] >= self._parameters.max_enqueued_batches:
                    raise ServingError(
                        Code.UNAVAILABLE,
                        "The batch scheduling queue to which this task was submitted is full",
                    )
                batch = self._open[key] = _Batch()
                self._waiting[signature] += 1
            batch.tasks.append(task)
            batch.rows += task.rows
            if batch.rows == most:
                batch.full.set()
        return batch, opened

    def _lead(self, signature: str, key: Hashable, batch: _Batch, outputs: Sequence[str]) -> None:
        """Wait until the batch may run, then run it. It takes more rows as long as it waits."""
        try:
            batch.full.wait(self._parameters.timeout_seconds)
            with self._slots:
                with self._lock:
                    self._waiting[signature] -= 1
                    self._batches += 1
                    if self._open.get(key) is batch:
                        del self._open[key]
                    self._batched_requests += len(batch.tasks)
                self._run(signature, batch.tasks, outputs)
        finally:
            batch.done.set()

    def _run(self, signature: str, tasks: Sequence[_Task], outputs: Sequence[str]) -> None:
        rows = sum(task.rows for task in tasks)
        size = next((size for size in self._parameters.allowed_batch_sizes if size >= rows), rows)
        try:
            inputs = merged([task.inputs for task in tasks], size - rows)
            results = self._engine.run(signature, inputs, outputs)
            for task, part in zip(tasks, parts(results, [task.rows for task in tasks], size), strict=True):
                task.outputs = part
        except NotByRowError as error:
            self.batched -= {signature}
            log.warning("a signature is no longer batched", signature=signature, reason=error.message)
            self._run_each(signature, tasks, outputs)
        except Exception as error:  # noqa: BLE001  every caller must hear of it
            if len(tasks) > 1:
                self._run_each(signature, tasks, outputs)
            else:
                tasks[0].error = error

    def _run_each(self, signature: str, tasks: Sequence[_Task], outputs: Sequence[str]) -> None:
        """Run requests one by one, so that only those fail that are wrong."""
        for task in tasks:
            try:
                task.outputs = self._engine.run(signature, task.inputs, outputs)
            except Exception as error:  # noqa: BLE001  its caller must hear of it
                task.error = error


def has_rows(signature: Signature) -> bool:
    """Tell whether all inputs of a signature have a first dimension of any size."""
    shapes = [info.shape for info in signature.inputs.values()]
    return bool(shapes) and all(shape and shape[0] < 0 for shape in shapes)


def _rows(inputs: Mapping[str, Array]) -> int:
    sizes = {array.shape[0] for array in inputs.values()}
    if len(sizes) > 1:
        raise invalid_argument("Batching session Run() input tensors must have equal 0th-dimension size")
    return int(sizes.pop())
