"""What the child process does that tries a model: it limits itself, loads the model and runs it once."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fogline_model_server import memory
from fogline_model_server.engines.measure import Measured
from fogline_model_server.errors import LoadError

_STACK_BYTES = 8 << 20
"""Of each thread that a library starts; little of it is ever used."""
TENSORFLOW_BYTES = 512 << 20
"""What TensorFlow allocates, and hardly uses, for its own threads."""


@dataclass(frozen=True, slots=True)
class Job:
    """A model to try."""

    threads: int
    """CPU cores that it may use."""
    memory_bytes: int | None
    """What it may use beyond what the process uses already; None: no limit."""
    seconds: float
    """How long it may take."""
    saved_model: str | None = None
    """Folder of a SavedModel; None: it is a .tflite file, which comes as an open file."""
    inter_threads: int = 0
    """Threads among the operations of a SavedModel; ``threads`` is then for those within one."""


@dataclass(frozen=True, slots=True)
class Report:
    """How it went."""

    measured: Measured | None = None
    reason: str = ""
    """Why the model cannot be loaded, when it cannot."""
    sha256: str = ""
    """Of the .tflite file that was tried."""


def attempt(job: Job, file: int | None) -> Report:
    """Load a model and run it, within the memory limit of the job.

    Parameters
    ----------
    file
        Descriptor of a .tflite file.

    """
    _limit_memory(job)
    try:
        if job.saved_model is not None:
            from fogline_model_server.engines import tensorflow  # noqa: PLC0415  it may not be installed

            return Report(tensorflow.measure(Path(job.saved_model), job.threads, job.inter_threads))
        assert file is not None  # noqa: S101  one of the two is always there
        from fogline_model_server.engines import litert  # noqa: PLC0415  a SavedModel does not need it

        content = litert.read(file)
        return Report(litert.measure(content, job.threads), sha256=hashlib.sha256(content).hexdigest())
    except LoadError as error:
        return Report(reason=str(error))
    except MemoryError:
        return Report(reason=out_of_memory(job))
    except Exception as error:  # noqa: BLE001  whatever a model does to a library must reach the log
        return Report(reason=f"loading the model failed: {type(error).__name__}")


def out_of_memory(job: Job) -> str:
    """Return the reason for a model that needs too much memory."""
    allowed = "" if job.memory_bytes is None else f" than the {job.memory_bytes >> 20} MiB that are left"
    return f"the model needs more memory{allowed}"


def _limit_memory(job: Job) -> None:
    """Let allocations fail before the kernel kills a process of the container, which may be the server."""
    if job.memory_bytes is None:
        return
    beyond = job.memory_bytes + (job.threads + job.inter_threads) * _STACK_BYTES
    if job.saved_model is not None:
        beyond += TENSORFLOW_BYTES
    memory.limit(beyond)
