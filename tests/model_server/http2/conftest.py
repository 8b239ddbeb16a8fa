"""The HTTP/2 front, frame by frame: client and connection in one process."""

import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.http2_peer import MemoryPair

from fogline_model_server import engines, wire
from fogline_model_server.catalog import Catalog, ModelVersion, ServedModel, State, VersionStatus
from fogline_model_server.engines import Engine
from fogline_model_server.fronts.connections import Connections
from fogline_model_server.fronts.http2.calls import Shared
from fogline_model_server.fronts.http2.connection import Http2Connection
from fogline_model_server.fronts.http2.methods import Method, methods
from fogline_model_server.fronts.http2.request import Reader
from fogline_model_server.fronts.work import Work
from fogline_model_server.serving import Serving


@pytest.fixture(scope="module")
def engine(models: Path) -> Engine:
    return engines.load(models / "tflite/1")


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
async def shared(engine: Engine, threads: ThreadPoolExecutor) -> Shared:
    tiny = ServedModel((ModelVersion(1, engine),), (VersionStatus(1, State.AVAILABLE),))
    serving = Serving(Catalog({"tiny": tiny}))
    found = methods(serving, wire.Predictor(serving))
    return Shared(serving, found, Work(threads), Connections(), Reader())


@pytest.fixture
async def pair(shared: Shared) -> MemoryPair:
    return MemoryPair(Http2Connection(shared))


class Gate:
    """A method that answers when it is let."""

    def __init__(self) -> None:
        self.began = 0
        self.has_begun = threading.Event()
        self.open = threading.Event()

    def answer(self, message: bytes) -> bytes:
        """Wait, and give the message back."""
        self.began += 1
        self.has_begun.set()
        assert self.open.wait(20)
        return message


@pytest.fixture
async def gated(shared: Shared) -> AsyncIterator[tuple[MemoryPair, Gate]]:
    gate = Gate()
    gated = {**shared.methods, b"/gate": Method("gate", gate.answer)}
    both = Shared(shared.serving, gated, shared.work, shared.connections, shared.reader)
    yield MemoryPair(Http2Connection(both)), gate
    gate.open.set()
