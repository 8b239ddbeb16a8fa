"""What the loader of models needs to know about the machine and the settings."""

from dataclasses import dataclass, field

from fogline_model_server import container
from fogline_model_server.engines.batching import Batching
from fogline_model_server.engines.trials import Trials


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How models are loaded and run."""

    threads: int = field(default_factory=lambda: container.usable_cpus(container.limits()))
    """CPU cores that the process may use."""
    intra_threads: int = 0
    """Threads of TensorFlow within an operation; 0: as many as cores."""
    inter_threads: int = 0
    """The same among operations."""
    interpreters: int | None = None
    """Interpreters of a .tflite model; None: measured memory decides."""
    prefer_tflite: bool = False
    """Take model.tflite where a version has a SavedModel too."""
    batching: Batching | None = None
    """How overlapping calls are run together; None: each runs on its own."""
    trials: Trials | None = None
    """Where a model is tried before this process loads it; None: it is loaded untried."""
