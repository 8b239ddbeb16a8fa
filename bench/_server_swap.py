"""A version of 20 MB is replaced under load, and the requests that fail are counted."""

import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from bench._server_load import PREDICT
from bench._server_process import Server, ours
from fogline_model_server.messages import PredictRequest, PredictResponse

CLIENTS = 4
BEFORE_SECONDS, AFTER_SECONDS, LIMIT_SECONDS = 1.0, 1.0, 60.0


@dataclass(frozen=True, slots=True)
class Swap:
    """What clients saw of it."""

    answered: int
    failed: int
    seconds: float
    """From the new version's folder to the first answer of it."""


def swap(models: Path, folder: Path, front: str) -> Swap:
    """Serve the large model, replace it, and ask all the while."""
    base_path = folder / f"large-{front}"
    publish(models, base_path, 1)
    with ours(base_path, front, "--file_system_poll_wait_seconds=1") as server:
        end = threading.Event()
        with ThreadPoolExecutor(CLIENTS) as clients:
            asking = [clients.submit(ask, server, end) for _ in range(CLIENTS)]
            time.sleep(BEFORE_SECONDS)
            began = time.monotonic()
            publish(models, base_path, 2)
            try:
                wait_until_second_answers(server, began + LIMIT_SECONDS)
                seconds = time.monotonic() - began
                time.sleep(AFTER_SECONDS)
            finally:
                end.set()
            counts = [asked.result() for asked in asking]
    return Swap(sum(count[0] for count in counts), sum(count[1] for count in counts), seconds)


def publish(models: Path, base_path: Path, number: int) -> None:
    """Make a version appear at once."""
    hidden = base_path / f".{number}"
    hidden.mkdir(parents=True)
    shutil.copy(models / f"large-{number}.tflite", hidden / "model.tflite")
    hidden.rename(base_path / str(number))


def ask(server: Server, end: threading.Event) -> tuple[int, int]:
    """Ask until told to stop; return how many answers were right, and how many were not."""
    answered = failed = 0
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        call = prediction(channel)
        while not end.is_set():
            try:
                right = call() in (1, 2)
            except grpc.RpcError:
                right = False
            answered, failed = answered + right, failed + (not right)
    return answered, failed


def wait_until_second_answers(server: Server, limit: float) -> None:
    """Ask until the new version answers.

    Raises
    ------
    TimeoutError
        It does not.

    """
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        call = prediction(channel)
        while call() != 2:  # noqa: PLR2004  the number of the new version
            if time.monotonic() > limit:
                raise TimeoutError("the new version does not answer")
            time.sleep(0.01)


def prediction(channel: grpc.Channel) -> Callable[[], int]:
    """Return a call whose answer is the number of the version."""
    request = PredictRequest()
    request.model_spec.name = "digits"
    request.inputs["row"].dtype = 3
    request.inputs["row"].tensor_shape.dim.add(size=1)
    request.inputs["row"].int_val.append(0)
    method: Any = channel.unary_unary(
        PREDICT,
        request_serializer=PredictRequest.SerializeToString,
        response_deserializer=PredictResponse.FromString,
    )
    return lambda: round(method(request, timeout=LIMIT_SECONDS).outputs["sum"].float_val[0])
