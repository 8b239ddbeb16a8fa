"""Both engines behind both gRPC front ends, each with the same model, as running servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.model_server import Server, running
from tests.support.tiny_models import tiny_models

from fogline_model_server.settings import Front

BASE_PATHS = {"litert": "tflite", "tensorflow": "saved_model"}
KINDS = [f"{engine}-{front}" for engine in sorted(BASE_PATHS) for front in Front]


@pytest.fixture(scope="session")
def models() -> Path:
    return tiny_models()


@pytest.fixture(scope="session", params=KINDS)
def server(
    request: pytest.FixtureRequest, models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Return a running server; each test that takes it runs once with each engine and each front end."""
    engine, front = request.param.split("-")
    log = tmp_path_factory.mktemp("model-server") / f"{request.param}.log"
    with running(models / BASE_PATHS[engine], log, f"--front={front}") as started:
        yield started
