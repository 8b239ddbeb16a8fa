"""Ask served models without a pause, by gRPC and by REST, and count every request that goes wrong.

Each request has an image of its own, and its answer must name the digit that was named for it before, so an
answer to somebody else's request would be noticed. There are no retries. A line of JSON a second sums up what
has come of all requests.
"""

import argparse
import itertools
import json
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from examples.digits.data import Digits, load, read
from examples.digits.predict import MODEL_NAME, PredictError, Predictor, grpc_predictor, rest_predictor

PAUSE_SECONDS = 0.02
"""By default: it leaves the servers the processors."""
LAST_WORDS = 5
"""Failures whose text is told."""


@dataclass
class Asked:
    """What has come of the requests so far."""

    answered: int = 0
    failed: int = 0
    wrong: int = 0
    """Answered with something else than before."""
    longest_milliseconds: float = 0.0
    by_target: dict[str, int] = field(default_factory=dict)
    """Answered requests of each target and protocol."""
    failures: list[str] = field(default_factory=list)
    """The first of them in words."""


class Asker:
    """One client: a connection, and one request after the other."""

    def __init__(
        self,
        name: str,
        connected: AbstractContextManager[Predictor],
        digits: Digits,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self.name = name
        self._connected = connected
        self._digits = digits
        self._pause_seconds = pause_seconds
        self._named: dict[int, int] = {}

    def run(self, asked: Asked, lock: threading.Lock, over: threading.Event) -> None:
        """Ask until it is over."""
        with self._connected as predict:
            for number in itertools.cycle(range(len(self._digits.pixels))):
                self._ask(predict, number, asked, lock)
                if over.wait(self._pause_seconds):
                    return

    def _ask(self, predict: Predictor, number: int, asked: Asked, lock: threading.Lock) -> None:
        start = time.perf_counter()
        try:
            scores = predict(self._digits.pixels[number][np.newaxis])
        except PredictError as error:
            with lock:
                asked.failed += 1
                asked.failures = [*asked.failures, f"{self.name}: {error}"][:LAST_WORDS]
            return
        named = int(scores[0].argmax())
        milliseconds = 1000 * (time.perf_counter() - start)
        with lock:
            asked.answered += 1
            asked.by_target[self.name] = asked.by_target.get(self.name, 0) + 1
            asked.longest_milliseconds = max(asked.longest_milliseconds, milliseconds)
            asked.wrong += self._named.setdefault(number, named) != named


def askers(hosts: Sequence[str], model: str, digits: Digits, pause_seconds: float) -> list[Asker]:
    """Make a client for each host and protocol."""
    return [
        asker
        for host in hosts
        for asker in (
            Asker(f"{host} gRPC", grpc_predictor(f"{host}:8500", model), digits, pause_seconds),
            Asker(f"{host} REST", rest_predictor(f"{host}:8501", model), digits, pause_seconds),
        )
    ]


def main() -> int:
    """Ask until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hosts", nargs="+", help="Services or servers")
    parser.add_argument("--model", default=MODEL_NAME, help="name of the model on the wire")
    parser.add_argument("--images", type=Path, help="file of images; default: the test split")
    parser.add_argument(
        "--pause",
        type=float,
        default=PAUSE_SECONDS,
        metavar="SECONDS",
        help="between an answer and the next request of the same client",
    )
    arguments = parser.parse_args()
    digits = read(arguments.images) if arguments.images else load()[1]
    asked, lock, over = Asked(), threading.Lock(), threading.Event()
    for asker in askers(arguments.hosts, arguments.model, digits, arguments.pause):
        threading.Thread(target=asker.run, args=(asked, lock, over), daemon=True).start()
    while True:
        time.sleep(1)
        with lock:
            print(json.dumps(asdict(asked)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
