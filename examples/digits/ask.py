"""Ask served models all the time, by gRPC and by REST, and count every request that goes wrong.

Each request has an image of its own, and its answer must name the digit that was named for it before, so an
answer to somebody else's request would be noticed. There are no retries. A line of JSON a second sums up what
has come of all requests.

By default each client asks again as soon as it is answered, on one connection. With a rate the load is open:
requests are sent when they are due, each on a connection of its own, so that a Service spreads them over its
replicas.
"""

import argparse
import itertools
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from examples.digits.data import Digits, load, read
from examples.digits.predict import MODEL_NAME, PredictError, Predictor, grpc_predictor, rest_predictor

PAUSE_SECONDS = 0.02
"""By default: it leaves the servers the processors."""
MOST_AT_ONCE = 64
"""Requests of a client at a given rate that wait for an answer; what is due beyond them is sent late."""
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
    """The first different ones in words."""


class Asker:
    """One client of one server."""

    def __init__(
        self, name: str, connect: Callable[[], AbstractContextManager[Predictor]], digits: Digits
    ) -> None:
        self.name = name
        self._connect = connect
        self._digits = digits
        self._named: dict[int, int] = {}

    def run(self, pause_seconds: float, asked: Asked, lock: threading.Lock, over: threading.Event) -> None:
        """Ask one after the other on one connection, until it is over."""
        with self._connect() as predict:
            for number in itertools.cycle(range(len(self._digits.pixels))):
                self._ask(predict, number, asked, lock)
                if over.wait(pause_seconds):
                    return

    def run_at(self, rate: float, asked: Asked, lock: threading.Lock, over: threading.Event) -> None:
        """Ask so many times a second, whatever becomes of it, until it is over."""
        begin = time.monotonic()
        with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
            for turn in itertools.count():
                if over.wait(max(begin + turn / rate - time.monotonic(), 0)):
                    return
                pool.submit(self._ask_anew, turn % len(self._digits.pixels), asked, lock)

    def _ask_anew(self, number: int, asked: Asked, lock: threading.Lock) -> None:
        with self._connect() as predict:
            self._ask(predict, number, asked, lock)

    def _ask(self, predict: Predictor, number: int, asked: Asked, lock: threading.Lock) -> None:
        start = time.perf_counter()
        try:
            scores = predict(self._digits.pixels[number][np.newaxis])
        except PredictError as error:
            with lock:
                asked.failed += 1
                asked.failures = list(dict.fromkeys([*asked.failures, f"{self.name}: {error}"]))[:LAST_WORDS]
            return
        named = int(scores[0].argmax())
        milliseconds = 1000 * (time.perf_counter() - start)
        with lock:
            asked.answered += 1
            asked.by_target[self.name] = asked.by_target.get(self.name, 0) + 1
            asked.longest_milliseconds = max(asked.longest_milliseconds, milliseconds)
            asked.wrong += self._named.setdefault(number, named) != named


def askers(hosts: Sequence[str], model: str, digits: Digits) -> list[Asker]:
    """Make a client for each host and protocol."""
    return [
        asker
        for host in hosts
        for asker in (
            Asker(f"{host} gRPC", partial(grpc_predictor, f"{host}:8500", model), digits),
            Asker(f"{host} REST", partial(rest_predictor, f"{host}:8501", model), digits),
        )
    ]


def main() -> None:
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
    parser.add_argument(
        "--rate",
        type=float,
        metavar="PER_SECOND",
        help="send so many requests by each protocol, whatever becomes of those before; no pause then",
    )
    arguments = parser.parse_args()
    digits = read(arguments.images) if arguments.images else load()[1]
    asked, lock, over = Asked(), threading.Lock(), threading.Event()
    for asker in askers(arguments.hosts, arguments.model, digits):
        ask = partial(asker.run_at, arguments.rate) if arguments.rate else partial(asker.run, arguments.pause)
        threading.Thread(target=ask, args=(asked, lock, over), daemon=True).start()
    while True:
        time.sleep(1)
        with lock:
            print(json.dumps(asdict(asked)), flush=True)


if __name__ == "__main__":
    main()
