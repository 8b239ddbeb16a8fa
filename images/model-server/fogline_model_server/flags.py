"""Command line and environment, as those of the TensorFlow Serving image."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from fogline_model_server import __version__, monitoring

_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class Settings:
    """What one process serves, and where."""

    port: int
    """gRPC; 0 is off."""
    rest_api_port: int
    """HTTP; 0 is off."""
    model_name: str
    model_base_path: Path
    metrics_path: str | None = None
    """Where Prometheus reads metrics on the REST port; None where it does not."""


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
    default_name = environment.get("MODEL_NAME") or "model"
    default_base = Path(environment.get("MODEL_BASE_PATH") or "/models") / default_name
    parser = _Parser(
        prog="fogline-model-server",
        description="Serve one model with the TensorFlow Serving API.",
        allow_abbrev=False,
    )
    parser.add_argument("--port", type=_port, default=8500, help="port of gRPC; 0 is off (default 8500)")
    parser.add_argument(
        "--rest_api_port", type=_port, default=8501, help="port of HTTP; 0 is off (default 8501)"
    )
    parser.add_argument(
        "--model_name", default=default_name, help="name on the wire (default $MODEL_NAME or model)"
    )
    parser.add_argument(
        "--model_base_path",
        type=Path,
        default=default_base,
        help="folder of the numbered version folders (default $MODEL_BASE_PATH/$MODEL_NAME, /models/model)",
    )
    parser.add_argument(
        "--monitoring_config_file",
        dest="metrics_path",
        type=_metrics_path,
        metavar="FILE",
        help="text MonitoringConfig: whether and where Prometheus finds metrics (default off)",
    )
    parser.add_argument("--version", action="version", version=f"fogline-model-server {__version__}")
    found = parser.parse_args(arguments)
    if found.port == 0 and found.rest_api_port == 0:
        parser.error("--port and --rest_api_port are both 0: nothing would be served")
    if found.port == found.rest_api_port:
        parser.error(f"--port and --rest_api_port are both {found.port}")
    if found.metrics_path and found.rest_api_port == 0:
        parser.error("--monitoring_config_file enables metrics, which need --rest_api_port")
    if not found.model_name:
        parser.error("--model_name is empty")
    return Settings(
        found.port, found.rest_api_port, found.model_name, found.model_base_path, found.metrics_path
    )


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= _MAX_PORT:
        raise argparse.ArgumentTypeError(f"{number} is not between 0 and {_MAX_PORT}")
    return number


def _metrics_path(text: str) -> str | None:
    try:
        return monitoring.metrics_path(Path(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
