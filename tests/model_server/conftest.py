"""Both engines, each with the same model, as running servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.model_server import Server, running
from tests.support.tiny_models import tiny_models

BASE_PATHS = {"litert": "tflite", "tensorflow": "saved_model"}


@pytest.fixture(scope="session")
def models() -> Path:
    return tiny_models()


@pytest.fixture(scope="session", params=sorted(BASE_PATHS))
def server(
    request: pytest.FixtureRequest, models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Return a running server; each test that takes it runs once with each engine."""
    log = tmp_path_factory.mktemp("model-server") / f"{request.param}.log"
    with running(models / BASE_PATHS[request.param], log) as started:
        yield started
