"""What the parts of the server are made of, from the settings."""

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import CancelledError
from typing import Any

from fogline_model_server.errors import Code, ServingError
from fogline_model_server.models import config_file
from fogline_model_server.models.config import Config, ModelConfig, from_message
from fogline_model_server.models.manager import Manager, Options
from fogline_model_server.models.plan import Retries
from fogline_model_server.serving import AnswerOptions
from fogline_model_server.settings import Peers, Settings

RELOAD_SECONDS = 600.0
"""How long HandleReloadConfigRequest waits for new models: longer than all attempts to load one."""

THREADS = 2
"""They answer gRPC, and the slow requests of REST. More do not help: Python runs one at a time."""
BATCHING_THREADS = 64
"""With batching they wait most of the time: as many as there are, so many requests can be in a batch."""
_SESSION_FLAGS = (
    "tensorflow_session_parallelism",
    "tensorflow_intra_op_parallelism",
    "tensorflow_inter_op_parallelism",
)


def answer_threads(settings: Settings) -> int:
    """Return how many threads answer requests; gRPC and REST share them."""
    asked = max(settings.grpc_max_threads or 0, settings.rest_api_num_threads or 0)
    return asked or (BATCHING_THREADS if settings.enable_batching else THREADS)


def config(settings: Settings) -> Config:
    """Return which models are wanted at first.

    Raises
    ------
    ConfigError
        The model config file cannot be used.

    """
    if settings.model_config_file:
        return config_file.read(settings.model_config_file)
    return {
        settings.model_name: ModelConfig(
            settings.model_base_path, log_share=settings.request_log_sampling_rate
        )
    }


def answer_options(settings: Settings) -> AnswerOptions:
    """Return how requests are answered."""
    return AnswerOptions(
        tensor_content=settings.enable_serialization_as_tensor_content,
        cors=settings.rest_api_enable_cors_support,
        metrics_path=settings.metrics_path,
        check_method_names=settings.enable_signature_method_name_check,
        health=settings.enable_grpc_healthcheck_service,
        reload_from_anywhere=settings.reload_config_peers is Peers.ANY,
    )


def manager_options(settings: Settings) -> Options:
    """Return how models are looked after."""
    return Options(
        poll_seconds=settings.file_system_poll_wait_seconds,
        load_threads=settings.num_load_threads,
        retries=Retries(settings.max_num_load_retries, settings.load_retry_interval_micros / 1e6),
        labels_may_wait=settings.allow_version_labels_for_unavailable_models,
    )


def warmup_iterations(settings: Settings) -> int:
    """Return how often each warm-up record is replayed."""
    return max(1, settings.num_request_iterations_for_warmup) if settings.enable_model_warmup else 0


def idle_flags(settings: Settings, engines: Collection[str]) -> tuple[str, ...]:
    """Return flags that are for an engine which runs no model, each with that reason."""
    given = {
        "tensorflow": _SESSION_FLAGS,
        "litert": ("num_tflite_pools", "num_tflite_interpreters_per_pool"),
    }
    return tuple(
        f"--{flag}: no model runs on {engine}"
        for engine, flags in given.items()
        for flag in flags
        if engine not in engines and getattr(settings, flag)
    )


def reloader(manager: Manager) -> Callable[[Any], None]:
    """Return what HandleReloadConfigRequest calls; see `Serving.reload`."""
    loop = asyncio.get_running_loop()

    def reload(message: Any) -> None:
        done = asyncio.run_coroutine_threadsafe(manager.reconfigure(from_message(message)), loop)
        try:
            done.result(RELOAD_SECONDS)
        except TimeoutError as error:
            raise ServingError(
                Code.DEADLINE_EXCEEDED, f"after {RELOAD_SECONDS:g} s there are models that still load"
            ) from error
        except CancelledError as error:
            raise ServingError(Code.UNAVAILABLE, "The server is shutting down.") from error

    return reload
