"""What a worker says of itself while it works: JSON for the operator, metrics for Prometheus."""

import json
import threading
from dataclasses import asdict, dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT = 8080
REQUEST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage has come."""

    stage: str
    worker: int = 0
    epoch: int = 0
    epochs: int = 0
    samplesPerSecond: float = 0.0  # noqa: N815  the name on the wire
    """Of all workers together."""
    loss: float | None = None
    """Mean of the last epoch."""
    metric: float | None = None
    """On the validation split."""
    restarts: int = 0


class ProgressServer(ThreadingHTTPServer):
    """Answers GET /progress and GET /metrics on all addresses."""

    daemon_threads = True

    def __init__(self, progress: Progress, port: int) -> None:
        super().__init__(("", port), _Handler)
        self.progress = progress
        threading.Thread(target=self.serve_forever, name="progress", daemon=True).start()

    def say(self, **changes: Any) -> None:
        """Change some of what is told."""
        self.progress = replace(self.progress, **changes)


class _Handler(BaseHTTPRequestHandler):
    server: ProgressServer
    timeout = REQUEST_SECONDS

    def do_GET(self) -> None:
        """Answer."""
        match self.path:
            case "/progress":
                self._answer("application/json", json.dumps(asdict(self.server.progress)))
            case "/metrics":
                self._answer("text/plain; version=0.0.4", metrics(self.server.progress))
            case _:
                self.send_error(404)

    def _answer(self, kind: str, text: str) -> None:
        content = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  signature of the base class
        """Say nothing: it is asked every few seconds."""


_METRICS = (
    ("epoch", "Epochs that are finished.", "epoch"),
    ("epochs", "Epochs that are asked for.", "epochs"),
    ("samples_per_second", "Samples trained on per second, of all workers together.", "samplesPerSecond"),
    ("loss", "Mean loss of the last epoch.", "loss"),
    ("validation_metric", "Metric on the validation split.", "metric"),
    ("restarts", "How often this worker was started again.", "restarts"),
)


def metrics(progress: Progress) -> str:
    """Write the metrics that are known, in Prometheus' text format."""
    labels = f'{{stage="{progress.stage}",worker="{progress.worker}"}}'
    values = asdict(progress)
    lines = [
        line
        for name, text, key in _METRICS
        if values[key] is not None
        for line in (
            f"# HELP fogline_training_{name} {text}",
            f"# TYPE fogline_training_{name} gauge",
            f"fogline_training_{name}{labels} {values[key]}",
        )
    ]
    return "\n".join((*lines, ""))
