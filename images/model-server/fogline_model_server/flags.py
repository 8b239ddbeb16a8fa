"""Command line and environment, as those of the TensorFlow Serving image."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from fogline_model_server import __version__
from fogline_model_server import flag_values as values
from fogline_model_server.foreign_flags import REFUSED, WITHOUT_EFFECT
from fogline_model_server.settings import Front, Peers, Settings


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See {self.prog} --help\n")


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises
    ------
    SystemExit
        With 2 and a message on stderr when an argument is wrong, with 0 after ``--help`` or ``--version``.

    """
    parser = _parser()
    found = vars(parser.parse_args(arguments))
    _refuse(parser, found)
    ignored = _without_effect(found)
    name = environment.get("MODEL_NAME") or "model"
    base_path = Path(environment.get("MODEL_BASE_PATH") or "/models") / name
    settings = Settings(**{"model_name": name, "model_base_path": base_path, **found, "ignored": ignored})
    problem = _problem(settings)
    if problem:
        parser.error(problem)
    return settings


def _refuse(parser: _Parser, found: dict[str, Any]) -> None:
    for name, flag in REFUSED.items():
        value = found.pop(name, None)
        if value is not None and value.lower() not in flag.silent:
            parser.error(
                f"--{name} is a flag of TensorFlow Serving that this server does not have: {flag.advice}"
            )


def _without_effect(found: dict[str, Any]) -> tuple[str, ...]:
    """Take out what does nothing, and return what to tell about it."""
    notes = []
    for name, flag in WITHOUT_EFFECT.items():
        value = found.pop(name, None)
        if value is not None and value.lower() not in flag.silent:
            notes.append(f"--{name}={value}: {flag.advice}")
    if "model_config_file" in found:
        notes += [
            f"--{name}: --model_config_file says which models are served"
            for name in ("model_name", "model_base_path", "request_log_sampling_rate")
            if name in found
        ]
    if "reload_config_peers" in found and not found.get("enable_reload_config"):
        notes.append("--reload_config_peers: without --enable_reload_config nobody may reload")
    if "model_config_file_poll_wait_seconds" in found and "model_config_file" not in found:
        notes.append("--model_config_file_poll_wait_seconds: there is no --model_config_file")
    if "grpc_channel_arguments" in found and found.get("front", Settings().front) is not Front.GRPCIO:
        notes.append("--grpc_channel_arguments: they are options of grpcio, which --front=grpcio uses")
    return tuple(notes)


def _problem(settings: Settings) -> str:
    """Say what does not fit together, if anything."""
    if not (settings.port or settings.rest_api_port or settings.grpc_socket_path):
        return (
            "--port and --rest_api_port are both 0 and there is no --grpc_socket_path: "
            "nothing would be served"
        )
    if settings.port and settings.port == settings.rest_api_port:
        return f"--port and --rest_api_port are both {settings.port}"
    if not settings.model_name:
        return "--model_name is empty"
    if settings.batching_parameters_file and not settings.enable_batching:
        return "--batching_parameters_file is there but not --enable_batching"
    if settings.metrics_path and not settings.rest_api_port:
        return "--monitoring_config_file enables metrics, which need --rest_api_port"
    return ""


def _parser() -> _Parser:
    parser = _Parser(
        prog="fogline-model-server",
        description="Serve models with the TensorFlow Serving API.",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--version", action="version", version=f"fogline-model-server {__version__}")
    for title, flags in _FLAGS.items():
        group = parser.add_argument_group(title)
        for name, (read, text) in flags.items():
            _add(group, name, read, text)
    for name in (*REFUSED, *WITHOUT_EFFECT):
        parser.add_argument(f"--{name}", nargs="?", const="true", help=argparse.SUPPRESS)
    return parser


def _shown(default: Any) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def _add(group: Any, name: str, read: Callable[[str], Any], text: str) -> None:
    field = _FIELDS.get(name, name)
    default = _DEFAULTS.get(name) or getattr(Settings(), field)
    shown = "" if default in {None, ()} else f" (default {_shown(default)})"
    if read is values.boolean:
        group.add_argument(
            f"--{name}", type=read, nargs="?", const=True, metavar="true|false", help=text + shown
        )
    else:
        metavar = _METAVARS.get(read, "TEXT")
        group.add_argument(f"--{name}", dest=field, type=read, metavar=metavar, help=text + shown)


_METAVARS: Mapping[Callable[[str], Any], str] = {
    values.port: "PORT",
    Path: "PATH",
    values.file: "PATH",
    values.metrics_path: "PATH",
    values.whole: "N",
    values.counted: "N",
    values.load_threads: "N",
    values.integer: "N",
    values.seconds: "SECONDS",
    values.share: "SHARE",
    values.front: "|".join(Front),
    values.peers: "|".join(Peers),
}
_FIELDS = {"monitoring_config_file": "metrics_path"}
"""Fields of `Settings` that are not called like their flags."""
_DEFAULTS = {
    "model_name": "$MODEL_NAME or model",
    "model_base_path": "$MODEL_BASE_PATH/$MODEL_NAME, /models/model",
}

_FLAGS: Mapping[str, Mapping[str, tuple[Callable[[str], Any], str]]] = {
    "models": {
        "model_name": (str, "name on the wire"),
        "model_base_path": (Path, "folder of the numbered version folders"),
        "request_log_sampling_rate": (
            values.share,
            "how many requests get a line in the log, from 0 to 1; never with what is in them",
        ),
        "model_config_file": (
            values.file,
            "text ModelServerConfig: several models, version policies, labels",
        ),
        "model_config_file_poll_wait_seconds": (
            values.seconds,
            "how often that file is read anew; 0 is never",
        ),
        "file_system_poll_wait_seconds": (values.seconds, "how often base paths are looked at; 0 is once"),
        "num_load_threads": (values.load_threads, "how many versions load at a time"),
        "max_num_load_retries": (values.whole, "how often loading a version is tried again"),
        "load_retry_interval_micros": (values.integer, "pause before that, in microseconds"),
        "enable_model_warmup": (
            values.boolean,
            "replay a version's tf_serving_warmup_requests before it serves",
        ),
        "num_request_iterations_for_warmup": (
            values.whole,
            "how often each record of it is replayed; 0 is once",
        ),
        "allow_version_labels_for_unavailable_models": (
            values.boolean,
            "new labels may wait for their version",
        ),
        "enable_reload_config": (values.boolean, "answer HandleReloadConfigRequest, which has no login"),
        "reload_config_peers": (values.peers, "who may send it"),
    },
    "gRPC": {
        "port": (values.port, "port; 0 is off"),
        "grpc_socket_path": (values.file, "Unix socket to listen on as well"),
        "ssl_config_file": (
            values.file,
            "text SSLConfig: TLS for the port, with client certificates if it says so",
        ),
        "grpc_max_threads": (values.counted, "threads that answer, REST too: the larger number counts"),
        "grpc_channel_arguments": (values.channel_arguments, "options of the gRPC library: name=value,..."),
        "enable_grpc_healthcheck_service": (values.boolean, "answer grpc.health.v1.Health"),
        "front": (values.front, "which implementation answers gRPC"),
    },
    "REST": {
        "rest_api_port": (values.port, "port; 0 is off"),
        "rest_api_num_threads": (values.counted, "threads that answer, gRPC too: the larger number counts"),
        "rest_api_timeout_in_ms": (values.counted, "how long a request may take, in milliseconds"),
        "rest_api_enable_cors_support": (values.boolean, "let pages of other origins call"),
        "monitoring_config_file": (values.metrics_path, "text MonitoringConfig: metrics for Prometheus"),
    },
    "engines": {
        "enable_batching": (values.boolean, "run requests that come together as one"),
        "batching_parameters_file": (values.file, "text BatchingParameters"),
        "prefer_tflite_model": (values.boolean, "take model.tflite where a version has a SavedModel too"),
        "num_tflite_pools": (values.counted, "interpreters of a model are this times the next"),
        "num_tflite_interpreters_per_pool": (values.counted, "see above; by default measured memory decides"),
        "tensorflow_session_parallelism": (
            values.whole,
            "threads of TensorFlow; 0 is the limit of the container",
        ),
        "tensorflow_intra_op_parallelism": (values.whole, "the same within an operation"),
        "tensorflow_inter_op_parallelism": (values.whole, "the same among operations"),
        "enable_signature_method_name_check": (values.boolean, "Classify and Regress look at method names"),
        "enable_serialization_as_tensor_content": (values.boolean, "answers carry tensor_content"),
    },
}
