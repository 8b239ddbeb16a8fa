"""Where the HTTP/2 front spends its time: the profile of a server under load, by part of the program.

Usage: ``make bench-server-profile``. The profiler makes each call of a Python function cost more, so parts of
many small functions look larger than they are. Libraries count to the part that calls them.
"""

import pstats
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from dev import host

from bench import _server_load as load
from bench import server
from bench._server_process import ours
from fogline_model_server.fronts.http2.message import framed

CLIENTS, SECONDS = 8, 5

PARTS = (
    ("(_flush)", "HTTP/2: frames out, and the system call that sends them"),
    ("(data_received)", "HTTP/2: frames in"),
    ("fronts/http2", "HTTP/2: calls and messages"),
    ("fronts/work.py", "event loop or thread"),
    ("wire.py", "Predict on bytes"),
    ("pieces.py", "Predict on bytes"),
    ("answers/", "checks of the inputs"),
    ("engines/", "engine, with LiteRT"),
    ("ai_edge_litert", "engine, with LiteRT"),
    ("litert", "engine, with LiteRT"),
    ("metrics/", "metrics"),
    ("serving.py", "metrics"),
)
"""What a path or the name of a built-in function contains, and its part; the first that fits."""


def main() -> None:
    """Profile a server and print the parts."""
    host.require({"h2load": "nghttp2-client"})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server.make_models(folder)
        seconds = profile(folder)
    total = sum(seconds.values())
    print(f"{CLIENTS} clients for {SECONDS} s; shares of the processor time, the event loop aside\n")
    for title, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"{spent / total:>6.1%}  {title}")


def profile(folder: Path) -> Mapping[str, float]:
    """Return the seconds of each part."""
    body, found = folder / "body", folder / "profile"
    body.write_bytes(framed(server.message()))
    with ours(folder / "tflite", "http2", profile=found) as process:
        size = server.answer_bytes(process, body)
        load.grpc(process, body, size, CLIENTS, SECONDS)
    seconds: dict[str, float] = defaultdict(float)
    for (file, _, function), figures in pstats.Stats(str(found)).stats.items():  # type: ignore[attr-defined]  # typeshed lacks it
        title = part(f"{file} ({function})")
        if title:
            seconds[title] += figures[2]
    return seconds


def part(where: str) -> str:
    """Return the part that a function belongs to; empty for what is not about requests."""
    return next((title for text, title in PARTS if text in where), "")


if __name__ == "__main__":
    main()
