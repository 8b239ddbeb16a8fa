"""The client that asks without a pause."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
from examples.digits.ask import Asked, Asker
from examples.digits.data import Digits, Pixels, Scores
from examples.digits.predict import PredictError, Predictor
from tests.support.wait import wait_for

DIGITS = Digits(np.eye(3, 64, dtype=np.float32), np.arange(3))


async def test_each_request_is_counted_as_answered_failed_or_wrong() -> None:
    requests = 0

    def predict(pixels: Pixels) -> Scores:
        nonlocal requests
        requests += 1
        if requests == 2:
            raise PredictError("REST: connection refused")
        named = int(pixels[0].argmax()) + (requests == 5)
        return np.eye(10, dtype=np.float32)[[named]]

    asked, lock, over = Asked(), threading.Lock(), threading.Event()
    asker = Asker("one REST", lambda: nullcontext(predict), DIGITS)
    thread = threading.Thread(target=asker.run, args=(0.02, asked, lock, over))
    thread.start()
    await wait_for(lambda: requests > 8, "each image was asked twice")
    over.set()
    thread.join()
    assert (asked.failed, asked.failures) == (1, ["one REST: REST: connection refused"])
    assert asked.by_target == {"one REST": asked.answered}
    assert asked.wrong >= 1


async def test_at_a_rate_no_request_waits_for_those_before_and_each_has_its_own_connection() -> None:
    connections, free = 0, threading.Event()

    def predict(pixels: Pixels) -> Scores:
        free.wait(30)
        return np.eye(10, dtype=np.float32)[[int(pixels[0].argmax())]]

    @contextmanager
    def connect() -> Iterator[Predictor]:
        nonlocal connections
        connections += 1
        yield predict

    asked, lock, over = Asked(), threading.Lock(), threading.Event()
    asker = Asker("one REST", connect, DIGITS)
    thread = threading.Thread(target=asker.run_at, args=(100, asked, lock, over))
    thread.start()
    await wait_for(lambda: connections >= 5, "five are underway")
    assert asked.answered == 0
    free.set()
    over.set()
    thread.join()
    assert (asked.answered, asked.failed, asked.wrong) == (connections, 0, 0)
