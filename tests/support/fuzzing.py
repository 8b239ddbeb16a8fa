"""Feed broken requests to the answers, in a process of their own: a crash of a parser would end it.

``python -m tests.support.fuzzing MODELS COUNT SEED`` prints what was answered, as JSON, and ends with 1 at
the first answer that must not be.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
from google.protobuf.message import DecodeError
from tests.support.model_server import predict_request
from tests.support.mutations import JSON, PROTOBUF, mutated

from fogline_model_server import engines
from fogline_model_server.answers.table import ANSWERS
from fogline_model_server.catalog import Catalog, ModelVersion, ServedModel, State, VersionStatus
from fogline_model_server.errors import ServingError
from fogline_model_server.messages import PredictRequest, PredictResponse
from fogline_model_server.rest.answer import answer as answer_rest
from fogline_model_server.serving import Serving
from fogline_model_server.wire import PREDICT, Predictor

BODIES = (
    b'{"instances": [[1, 2.5, 3], [4, 5, 6]]}',
    b'{"inputs": {"x": [[1, 2, NaN]]}, "signature_name": "serving_default"}',
    b'{"signature_name": "divide", "inputs": {"a": [1, 2], "b": [3, 4]}}',
    b'{"signature_name": "divide", "instances": [{"a": 1, "b": 2}, {"a": 3, "b": -Infinity}]}',
    b'{"signature_name": "raw", "instances": [{"b64": "aGVsbG8="}, "text", "\\u00e9"]}',
    b'{"signature_name": "same_int8", "instances": [1, -128, 127]}',
    b'{"signature_name": "same_bool", "instances": [true, false]}',
    b'{"signature_name": "scalar", "inputs": 1.5}',
    b'{"context": {"a": 1}, "examples": [{"x": [1, 2, 3]}, {"x": {"b64": "AA=="}}]}',
)
PATHS = (
    *("/v1/models/tiny:predict", "/v1/models/tiny/versions/1:predict"),
    *("/v1/models/tiny:classify", "/v1/models/tiny:regress"),
)
NAMES = (
    b"/v1/models/tiny/metadata",
    b"/v1/models/tiny/labels/a%20b:predict",
    b"/V1/MODELS/%00%ff/versions/1",
)
SIGNATURES = ("", "divide", "raw", "scalar", "uneven", "same_float16", "same_uint64", "none")
STATUSES = frozenset({200, 400, 404, 429, 501})
"""What broken requests may get; 500 would be a mistake of ours."""


def main(models: Path, count: int, seed: int) -> None:
    """Half of the requests go to REST, half to gRPC's Predict, on the fast path and past it."""
    version = ModelVersion(1, engines.load(models / "tflite" / "1"))
    serving = Serving(
        Catalog({"tiny": ServedModel((version,), (VersionStatus(1, State.AVAILABLE),), {"a b": 1})})
    )
    random = Random(seed)  # noqa: S311  no secret
    outcomes: Counter[str] = Counter()
    predictor = Predictor(serving)
    requests = grpc_seeds()
    for number in range(count // 2):
        if number % 10:
            method, path, body = "POST", random.choice(PATHS), mutated(random, BODIES, JSON)
        else:
            name = mutated(random, NAMES, JSON)
            method, path, body = random.choice(("GET", "POST", "PUT")), name.decode("latin-1"), BODIES[0]
        outcomes[f"REST {rest(serving, method, path, body)}"] += 1
        message = random.choice(requests)
        message = disturbed(random, message) if number % 2 else mutated(random, [message], PROTOBUF)
        outcomes[f"gRPC {grpc(serving, predictor, message)}"] += 1
        predictor.answer(random.choice(requests))
    print(json.dumps({"outcomes": outcomes, "peak_mebibytes": peak_mebibytes()}))  # noqa: T201  for the test


def peak_mebibytes() -> int:
    """Return the most memory that was resident; getrusage(2) would count what the parent held at the fork."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


def grpc_seeds() -> list[bytes]:
    """Return good requests."""
    rows = np.ones((2, 3), np.float32)
    content = predict_request({"x": rows})
    tensor = content.inputs["x"]
    tensor.tensor_content = rows.tobytes()
    tensor.ClearField("float_val")
    messages = [
        content,
        predict_request({"x": rows}, version=1, output_filter=["total"]),
        predict_request({"x": rows}, label="a b", signature="serving_default"),
        predict_request({"a": rows[0], "b": rows[1]}, signature="divide"),
        predict_request({"x": np.array([b"text", b""], object)}, signature="raw"),
        predict_request({"x": np.array([1, -1], np.int64)}, signature="same_int64"),
        predict_request({"x": np.array([True])}, signature="same_bool"),
        predict_request({"x": np.array([1, 2], np.uint8)}, signature="same_uint8"),
    ]
    return [message.SerializeToString() for message in messages]


def disturbed(random: Random, message: bytes) -> bytes:
    """Change the meaning of a request and leave it well-formed."""
    request = PredictRequest.FromString(message)
    spec = request.model_spec
    alias = random.choice([*request.inputs])
    tensor = request.inputs[alias]
    sizes = (-1, 0, 1, 3, 100, 2**31, 2**62)
    changes: tuple[Callable[[], object], ...] = (
        lambda: setattr(tensor, "dtype", random.randint(0, 24)),
        lambda: tensor.tensor_shape.dim.add(size=random.choice(sizes)),
        lambda: tensor.tensor_shape.dim.pop() if tensor.tensor_shape.dim else None,
        lambda: setattr(random.choice([*tensor.tensor_shape.dim]), "size", random.choice(sizes)),
        lambda: setattr(tensor.tensor_shape, "unknown_rank", True),
        lambda: setattr(tensor, "tensor_content", random.randbytes(random.choice((0, 1, 8, 24, 4096)))),
        lambda: tensor.float_val.extend([random.random()] * random.choice((1, 7, 50))),
        lambda: tensor.string_val.append(random.randbytes(9)),
        lambda: setattr(spec, "name", random.choice(("", "tiny", "other", "\0", "x" * 3000))),
        lambda: setattr(spec, "signature_name", random.choice(SIGNATURES)),
        lambda: setattr(spec.version, "value", random.choice((-1, 0, 1, 2**62))),
        lambda: setattr(spec, "version_label", random.choice(("", "a b", "none"))),
        lambda: request.output_filter.append(random.choice(("total", "total", "none", ""))),
        lambda: request.inputs[random.choice(("x", "a", "b", ""))].CopyFrom(tensor),
        lambda: request.inputs.pop(alias, None),
    )
    for _ in range(random.choice((1, 1, 2, 3))):
        with suppress(IndexError):  # no dimension to change
            random.choice(changes)()
    changed: bytes = request.SerializeToString(deterministic=True)
    return changed


def rest(serving: Serving, method: str, path: str, body: bytes) -> int:
    """Send one request and return its status."""
    reply = answer_rest(serving, method, path, body)
    assert reply.status in STATUSES, (method, path, body, reply)
    document = json.loads(reply.body)
    assert reply.status == 200 or [*document] == ["error"], reply
    return reply.status


def grpc(serving: Serving, predictor: Predictor, message: bytes) -> str:
    """Send one request on both ways, which must agree, and return the name of the status."""
    fast = outcome(lambda: PredictResponse.FromString(predictor.answer(message)))
    full = outcome(lambda: ANSWERS[PREDICT](serving, PredictRequest.FromString(message)))
    # NaN is not equal to itself, but its bytes are
    assert str(fast) == str(full), (message, fast, full)
    return fast if isinstance(fast, str) else "OK"


def outcome(call: Callable[[], object]) -> object:
    """Return the response, or the name of the status."""
    try:
        return call()
    except DecodeError:
        return "undecodable"
    except ServingError as error:
        return error.code.name


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
