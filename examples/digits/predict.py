"""Send the test images to a served model, one request each, and say how well and how fast it answers.

The requests are those of TensorFlow Serving, so any server with its API can answer them.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import grpc
import numpy as np
from examples.digits.data import Digits, Pixels, Scores, load, read

from fogline_model_server.messages import PredictRequest, PredictResponse
from fogline_model_server.tensors import to_array, to_proto

Predictor = Callable[[Pixels], Scores]
"""Sends one request: rows of pixels go in, as many rows of ten probabilities come back."""

MODEL_NAME = "digits"
REQUEST_SECONDS = 10
_PREDICT = "/tensorflow.serving.PredictionService/Predict"


class PredictError(Exception):
    """The server did not answer, or not with a prediction."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of many requests."""

    requests: int
    accuracy: float
    """Share of images whose digit was named, from 0 to 1."""
    p50_milliseconds: float
    p99_milliseconds: float
    named: tuple[int, ...]
    """The digit that was named, for each image."""

    def __str__(self) -> str:
        """Return one line for a person."""
        return (
            f"{self.requests} requests, accuracy {self.accuracy:.4f}, "
            f"p50 {self.p50_milliseconds:.2f} ms, p99 {self.p99_milliseconds:.2f} ms"
        )


@contextmanager
def grpc_predictor(address: str, model: str = MODEL_NAME) -> Iterator[Predictor]:
    """Connect to ``host:port`` by gRPC."""
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary(
            _PREDICT,
            request_serializer=PredictRequest.SerializeToString,
            response_deserializer=PredictResponse.FromString,
        )

        def predict(pixels: Pixels) -> Scores:
            request = PredictRequest(inputs={"pixels": to_proto(pixels)})
            request.model_spec.name = model
            try:
                response = call(request, timeout=REQUEST_SECONDS)
            except grpc.RpcError as error:
                raise PredictError(f"gRPC: {error.code().name}: {error.details()}") from error
            return to_array(response.outputs["scores"], "scores")

        yield predict


@contextmanager
def rest_predictor(address: str, model: str = MODEL_NAME) -> Iterator[Predictor]:
    """Connect to ``host:port`` by REST."""
    connection = HTTPConnection(address, timeout=REQUEST_SECONDS)

    def predict(pixels: Pixels) -> Scores:
        body = json.dumps({"instances": pixels.tolist()})
        try:
            connection.request(
                "POST", f"/v1/models/{model}:predict", body, {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, HTTPException, ValueError) as error:
            connection.close()
            raise PredictError(f"REST: {error}") from error
        if "predictions" not in answer:
            raise PredictError(f"REST: status {response.status}: {answer.get('error')}")
        return np.array(answer["predictions"], np.float32)

    try:
        yield predict
    finally:
        connection.close()


def measure(predict: Predictor, digits: Digits) -> Report:
    """Ask for each image on its own, one after the other.

    Raises
    ------
    PredictError
        A request was not answered with a prediction.
    """
    named: list[int] = []
    milliseconds: list[float] = []
    for pixels in digits.pixels:
        start = time.perf_counter()
        scores = predict(pixels[np.newaxis])
        milliseconds.append(1000 * (time.perf_counter() - start))
        named.append(int(scores[0].argmax()))
    p50, p99 = np.percentile(milliseconds, [50, 99])
    accuracy = float(np.mean(np.array(named) == digits.labels))
    return Report(len(named), accuracy, float(p50), float(p99), tuple(named))


def main() -> None:
    """Measure every target by gRPC and by REST."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--target",
        action="append",
        required=True,
        metavar="NAME=HOST",
        help="host of a server or Service, and what to call it; repeatable",
    )
    parser.add_argument("--grpc-port", type=int, default=8500)
    parser.add_argument("--rest-port", type=int, default=8501)
    parser.add_argument("--model", default=MODEL_NAME, help="name of the model on the wire")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    parser.add_argument("--images", type=Path, help="file of images; default: the test split")
    arguments = parser.parse_args()
    digits = read(arguments.images) if arguments.images else load()[1]
    reports: list[dict[str, object]] = []
    for target in arguments.target:
        name, _, host = target.rpartition("=")
        protocols: dict[str, AbstractContextManager[Predictor]] = {
            "gRPC": grpc_predictor(f"{host}:{arguments.grpc_port}", arguments.model),
            "REST": rest_predictor(f"{host}:{arguments.rest_port}", arguments.model),
        }
        for protocol, connected in protocols.items():
            try:
                with connected as predict:
                    report = measure(predict, digits)
            except PredictError as error:
                sys.exit(f"no prediction by {error}")
            reports.append({"target": name or host, "protocol": protocol, **asdict(report)})
            if arguments.output == "text":
                print(f"{name or host}  {protocol}  {report}", flush=True)
    if arguments.output == "json":
        print(json.dumps(reports))


if __name__ == "__main__":
    main()
