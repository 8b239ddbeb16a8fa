"""Feed bytes to one parser, guided by which of its lines they reach.

``python -m tests.support.coverage_fuzzing TARGET MODELS RUNS SEED``; ends with 1 at the first input that is
answered by anything but a value or an error of ours, and prints that input.
"""

import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # it ships no types

with atheris.instrument_imports(include=["fogline_model_server"]):
    from tests.support import fuzzing

    from fogline_model_server import engines
    from fogline_model_server.catalog import Catalog, ModelVersion, ServedModel, State, VersionStatus
    from fogline_model_server.engines.precheck import precheck
    from fogline_model_server.errors import LoadError
    from fogline_model_server.serving import Serving
    from fogline_model_server.wire import Predictor

MOST_BYTES = 4096
MOST_MEBIBYTES = 1024
"""Atheris itself takes a good part of it."""

Parser = Callable[[bytes], object]


def _model_file(_: Serving) -> Parser:
    def parse(content: bytes) -> None:
        with suppress(LoadError):  # the answer to a broken file
            precheck(content)

    return parse


def _rest_body(serving: Serving) -> Parser:
    return lambda body: fuzzing.rest(serving, "POST", fuzzing.PATHS[0], body)


def _grpc_message(serving: Serving) -> Parser:
    predictor = Predictor(serving)
    return lambda message: fuzzing.grpc(serving, predictor, message)


PARSERS = {"model-file": _model_file, "rest-body": _rest_body, "grpc-message": _grpc_message}


def _seeds(target: str, models: Path) -> list[bytes]:
    if target == "model-file":
        return [(models / "plain" / "00000007" / "anything.tflite").read_bytes()]
    return list(fuzzing.BODIES) if target == "rest-body" else fuzzing.grpc_seeds()


def main(target: str, models: Path, runs: int, seed: int) -> None:
    """Run one target; atheris ends the process."""
    version = ModelVersion(1, engines.load(models / "tflite" / "1"))
    serving = Serving(
        Catalog({"tiny": ServedModel((version,), (VersionStatus(1, State.AVAILABLE),), {"a b": 1})})
    )
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(_seeds(target, models)):
            (Path(folder) / str(number)).write_bytes(content)
        limits = [
            f"-max_len={MOST_BYTES}",
            f"-rss_limit_mb={MOST_MEBIBYTES}",
            "-timeout=20",
            "-len_control=0",
        ]
        artifacts = f"-artifact_prefix={folder}/"
        atheris.Setup(
            [sys.argv[0], f"-runs={runs}", f"-seed={seed}", *limits, artifacts, folder],
            PARSERS[target](serving),
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
