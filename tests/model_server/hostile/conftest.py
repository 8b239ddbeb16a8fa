"""Servers for hostile clients: the process lives, stays small, and answers everybody else."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.support.model_server import Server, running
from tests.support.resources import resident_bytes
from tests.support.tiny_models import tiny_models

from fogline_model_server.limits import LIMITS
from fogline_model_server.settings import Front

ROW = np.ones((1, 3), np.float32)
MOST_GROWTH_BYTES = 3 * LIMITS.held_bytes
"""Memory that clients may make the server take: requests that it holds, and what they become."""


def _server(front: Front, folder: Path) -> Iterator[Server]:
    with running(tiny_models() / "tflite", folder / f"{front}.log", f"--front={front}") as started:
        yield started


def _watched(server: Server) -> Iterator[Server]:
    """Give a server away, and look afterwards what was done to it."""
    assert server.predict({"x": ROW})["total"].tolist() == [3]
    before = resident_bytes(server.process.pid)
    yield server
    assert server.process.poll() is None, server.logged()
    assert server.predict({"x": ROW})["total"].tolist() == [3]
    assert server.rest_predict({"instances": [[1, 2, 3]]})[0] == 200
    assert resident_bytes(server.process.pid, "VmHWM") - before < MOST_GROWTH_BYTES
    assert "traceback" not in server.logged()


@pytest.fixture(scope="module")
def rest_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _server(Front.HTTP2, tmp_path_factory.mktemp("hostile-rest"))


@pytest.fixture(scope="module", params=list(Front))
def grpc_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _server(request.param, tmp_path_factory.mktemp("hostile-grpc"))


@pytest.fixture
def rest_target(rest_server: Server) -> Iterator[Server]:
    yield from _watched(rest_server)


@pytest.fixture
def grpc_target(grpc_server: Server) -> Iterator[Server]:
    """Return a server; the test runs once with each front end."""
    yield from _watched(grpc_server)
