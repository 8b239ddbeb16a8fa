"""The file of ``--monitoring_config_file``: whether Prometheus may read metrics, and where."""

from pathlib import Path

from fogline_model_server.messages import MonitoringConfig

DEFAULT_PATH = "/monitoring/prometheus/metrics"
"""Where TensorFlow Serving has them."""


def metrics_path(file: Path) -> str | None:
    """Return the path of the metrics on the REST port; None when the file does not enable them.

    Raises
    ------
    ValueError
        The file cannot be read, is no text MonitoringConfig, or names a path that cannot be one.

    """
    from google.protobuf import text_format  # noqa: PLC0415  slow to import, and seldom needed

    try:
        config = text_format.Parse(file.read_text(), MonitoringConfig()).prometheus_config
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read {file}: {error}") from error
    except text_format.ParseError as error:
        raise ValueError(
            f"Error parsing text-format tensorflow.serving.MonitoringConfig: {file}: {error}"
        ) from error
    if not config.enable:
        return None
    path: str = config.path or DEFAULT_PATH
    if not path.startswith("/") or path.lower().startswith("/v1/"):
        raise ValueError(f"{file}: path {path!r} must start with / and not with /v1/")
    return path
