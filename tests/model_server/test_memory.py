"""What happens when a request asks for more memory than there is."""

import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import numpy as np
import pytest
from tests.support.model_server import Server, spawned, until_serving
from tests.support.tflite_files import negating, tiling, tiling_on_request
from tests.support.wait import wait_for

from fogline_model_server.dtypes import Array

MEBIBYTE = 1 << 20


def base_path(folder: Path, *versions: bytes) -> Path:
    for number, content in enumerate(versions, start=1):
        version = folder / str(number)
        version.mkdir(parents=True)
        (version / "model.tflite").write_bytes(content)
    return folder


@contextmanager
def small(base: Path, log: Path, *flags: str) -> Iterator[Server]:
    """Run a server that has no more memory than a small board."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with ExitStack() as stack:
        resource.setrlimit(
            resource.RLIMIT_DATA, (512 * MEBIBYTE, hard)
        )  # programs that are started inherit it
        try:
            server = stack.enter_context(spawned(base, log, *flags))
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        yield server


async def test_a_request_that_asks_for_too_much_memory_fails_and_the_next_one_does_not(
    tmp_path: Path,
) -> None:
    def repeated(times: int) -> dict[str, Array]:
        return {"x": np.ones(1, np.float32), "times": np.array([times], np.int32)}

    with small(base_path(tmp_path / "base", tiling_on_request()), tmp_path / "log") as server:
        await until_serving(server)
        for _ in range(3):
            with pytest.raises(grpc.RpcError) as caught:
                server.predict(repeated(1_000_000_000))
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert server.predict(repeated(3))["y"].tolist() == [1, 1, 1]


async def test_a_version_that_needs_too_much_memory_leaves_the_old_one_serving(tmp_path: Path) -> None:
    versions = base_path(tmp_path / "base", negating(), tiling(1_000_000_000))
    (versions / "2").rename(tmp_path / "later")
    with small(versions, tmp_path / "log") as server:
        await until_serving(server)
        (tmp_path / "later").rename(versions / "2")
        x = {"x": np.ones(1, np.float32)}

        await wait_for(lambda: "memory" in server.logged(), "the version is refused")
        assert server.predict(x)["y"].tolist() == [-1]
        states = server.rest("GET", "/v1/models/tiny")[1]["model_version_status"]
        assert {entry["version"]: entry["state"] for entry in states}["1"] == "AVAILABLE"
        (reason,) = [entry["status"]["error_message"] for entry in states if entry["version"] == "2"]
        assert "memory" in reason
        assert str(tmp_path) not in reason


async def test_many_threads_fit_into_little_memory(tmp_path: Path) -> None:
    flags = ("--enable_batching", "--front=grpcio")
    with small(base_path(tmp_path / "base", tiling(2_000_000)), tmp_path / "log", *flags) as server:
        await until_serving(server)
        x = {"x": np.full(1, 2, np.float32)}
        with ThreadPoolExecutor(64) as threads:
            answers = list(threads.map(lambda _: server.predict(x)["sum"].item(), range(128)))
        assert answers == [4_000_000] * 128
