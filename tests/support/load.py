"""Clients that ask a model server without a pause, and note what went wrong."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from tests.support.model_server import unary


@dataclass
class Tally:
    """What the clients have seen."""

    answers: list[int]
    """To each client."""
    failures: list[str] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """To all clients."""
        return sum(self.answers)


@contextmanager
def asked_all_the_time(clients: Sequence[Callable[[], Iterator[None]]]) -> Iterator[Tally]:
    """Run each client in a thread of its own until the block ends.

    Parameters
    ----------
    clients
        Generators: each step is one answered request. What they raise counts as a failure and ends them.

    """
    tally, over, lock = Tally([0] * len(clients)), threading.Event(), threading.Lock()

    def run(number: int, client: Callable[[], Iterator[None]]) -> None:
        try:
            for _ in client():
                tally.answers[number] += 1
                if over.is_set():
                    return
        except Exception as error:  # noqa: BLE001  whatever it is, it is what the test looks for
            with lock:
                tally.failures.append(repr(error))

    threads = [threading.Thread(target=run, args=one) for one in enumerate(clients)]
    for thread in threads:
        thread.start()
    try:
        yield tally
    finally:
        over.set()
        for thread in threads:
            thread.join(60)


def grpc_client(address: str, request: Any, check: Callable[[Any], None]) -> Iterator[None]:
    """Predict on one channel, without any retry of the application's.

    Parameters
    ----------
    check
        Raises AssertionError for an answer that is not right.

    """
    with grpc.insecure_channel(address) as channel:
        predict = unary(channel, "PredictionService/Predict")
        while True:
            check(predict(request, timeout=60))
            yield


def rest_client(port: Callable[[], int], body: Any, check: Callable[[Any], None]) -> Iterator[None]:
    """Predict on one connection as long as the server keeps it open, then on the next one.

    Parameters
    ----------
    port
        Where the next connection goes.
    check
        As for `grpc_client`, with the document of an answer.

    """
    content = json.dumps(body).encode()
    while True:
        with closing(http.client.HTTPConnection("127.0.0.1", port(), timeout=60)) as connection:
            ends = False
            while not ends:
                connection.request("POST", "/v1/models/tiny:predict", content)
                response = connection.getresponse()
                ends = response.will_close
                answer = response.read()
                assert response.status == 200, (response.status, answer)
                check(json.loads(answer))
                yield
