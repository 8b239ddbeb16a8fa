"""How the server gets its models: each is tried in a child process before the server itself loads it."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path

from fogline_model_server import batching_file, engines, memory
from fogline_model_server.container import free_memory_bytes, limits, usable_cpus
from fogline_model_server.engines import Engine, EngineOptions
from fogline_model_server.engines.batching import Batching, BatchingParameters
from fogline_model_server.engines.trial import TENSORFLOW_BYTES
from fogline_model_server.engines.trials import Trials, forked
from fogline_model_server.models import config_file
from fogline_model_server.settings import Settings

Load = Callable[[Path], Engine]
"""From a version folder to its model; raises LoadError."""
_STACK_BYTES = 1 << 20
"""Of each thread of Python. It would be 8 MiB, which counts as memory although it is not used."""
_UNUSED_BYTES = 160 << 20
"""Stacks of all threads and the like: what counts as memory of the process and is hardly ever used."""


def loader(settings: Settings) -> Load:
    """Return what loads models.

    It forks the process that tries them, so it must be called before any thread is started, and before
    libraries are imported that only the server needs. It also lets allocations fail in this process before
    its container is full.

    Raises
    ------
    ConfigError
        The file with the parameters of batching, or the one with the models, cannot be used.

    """
    saved = any(any(path.glob(f"*/{engines.SAVED_MODEL_FILE}")) for path in _base_paths(settings))
    _import_engine(saved=saved)
    trials = Trials(forked())
    free = free_memory_bytes(limits())
    if free is not None:
        threading.stack_size(_STACK_BYTES)
        memory.limit(free + _UNUSED_BYTES + saved * TENSORFLOW_BYTES)
    return partial(engines.load, options=_options(settings, trials))


def _import_engine(*, saved: bool) -> None:
    """Import what trials need, once for all of them."""
    with suppress(ModuleNotFoundError):  # then loading says what is missing
        import_module(f"{engines.__name__}.{'tensorflow' if saved else 'litert'}")


def _base_paths(settings: Settings) -> list[Path]:
    if settings.model_config_file:
        return [model.base_path for model in config_file.read(settings.model_config_file).values()]
    return [settings.model_base_path]


def _options(settings: Settings, trials: Trials) -> EngineOptions:
    cores = usable_cpus(limits())
    interpreters = None
    if settings.num_tflite_pools is not None or settings.num_tflite_interpreters_per_pool is not None:
        interpreters = (settings.num_tflite_pools or 1) * (settings.num_tflite_interpreters_per_pool or 1)
    session = settings.tensorflow_session_parallelism
    return EngineOptions(
        threads=cores,
        batching=_batching(settings, cores),
        intra_threads=settings.tensorflow_intra_op_parallelism or session,
        inter_threads=settings.tensorflow_inter_op_parallelism or session,
        interpreters=interpreters,
        prefer_tflite=settings.prefer_tflite_model,
        trials=trials,
    )


def _batching(settings: Settings, cores: int) -> Batching | None:
    if not settings.enable_batching:
        return None
    if settings.batching_parameters_file is None:
        return Batching(BatchingParameters(threads=cores))
    return Batching(batching_file.read(settings.batching_parameters_file, cores))
