"""What the loader of models needs to know about the machine and the settings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How models are loaded and run."""

    threads: int = 1
    """CPU cores that the process may use."""
    memory_bytes: int | None = None
    """What may be used beyond what is used now, to size pools of interpreters; None: no limit is known."""


DEFAULT_OPTIONS = EngineOptions()
