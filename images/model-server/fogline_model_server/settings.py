"""What the command line decides. Defaults are those of TensorFlow Serving and of its image."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Front(StrEnum):
    """Which program part speaks gRPC."""

    GRPCIO = "grpcio"
    HTTP2 = "http2"


class Peers(StrEnum):
    """Who may call HandleReloadConfigRequest."""

    LOOPBACK = "loopback"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one process serves, where and how. Each field is the flag of the same name, but one."""

    port: int = 8500
    """gRPC; 0 is off."""
    grpc_socket_path: Path | None = None
    """Unix socket for gRPC, beside the port."""
    grpc_max_threads: int | None = None
    """Threads that answer gRPC; None leaves it to the server."""
    grpc_channel_arguments: tuple[tuple[str, int | str], ...] = ()
    """Options of grpcio by their names, such as ``grpc.max_connection_age_ms``."""
    ssl_config_file: Path | None = None
    """Text SSLConfig; TLS for gRPC."""
    enable_grpc_healthcheck_service: bool = False
    front: Front = Front.HTTP2

    rest_api_port: int = 8501
    """HTTP; 0 is off."""
    rest_api_num_threads: int | None = None
    """Threads that answer slow REST requests; None leaves it to the server."""
    rest_api_timeout_in_ms: int = 30_000
    """How long a REST request may take, in milliseconds."""
    rest_api_enable_cors_support: bool = False
    metrics_path: str | None = None
    """Where Prometheus reads metrics on the REST port, from ``monitoring_config_file``; None is off."""

    model_name: str = "model"
    model_base_path: Path = Path("/models/model")
    request_log_sampling_rate: float = 0
    """How many of the model's requests are written to the log, from 0 to 1."""
    model_config_file: Path | None = None
    """Text ModelServerConfig; then what is above means nothing."""
    model_config_file_poll_wait_seconds: float = 0
    """How often that file is read anew; 0 is never."""
    file_system_poll_wait_seconds: float = 1
    """How often base paths are looked at; 0 is once."""
    num_load_threads: int = 1
    """How many versions load at a time."""
    max_num_load_retries: int = 5
    load_retry_interval_micros: int = 60_000_000
    """Pause between two attempts to load a version, in microseconds."""
    enable_model_warmup: bool = True
    num_request_iterations_for_warmup: int = 1
    """How often each warm-up record is replayed."""
    allow_version_labels_for_unavailable_models: bool = False
    enable_reload_config: bool = False
    """Answer HandleReloadConfigRequest, which has no login."""
    reload_config_peers: Peers = Peers.LOOPBACK

    enable_batching: bool = False
    batching_parameters_file: Path | None = None
    """Text BatchingParameters."""
    prefer_tflite_model: bool = False
    """Take model.tflite where a version has that and a SavedModel."""
    num_tflite_pools: int | None = None
    num_tflite_interpreters_per_pool: int | None = None
    """Interpreters of one model are pools times this; None for both leaves it to the server."""
    tensorflow_session_parallelism: int = 0
    """Threads of a session, for both of the next two where they are 0; 0 leaves it to the server."""
    tensorflow_intra_op_parallelism: int = 0
    tensorflow_inter_op_parallelism: int = 0
    enable_signature_method_name_check: bool = False
    """Classify and Regress insist on the method name of a signature."""
    enable_serialization_as_tensor_content: bool = False
    """Predict answers with ``tensor_content`` in place of typed fields."""

    ignored: tuple[str, ...] = ()
    """What was asked for and does nothing here, each with its reason; the server reports it."""
