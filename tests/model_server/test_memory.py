"""What happens when a request asks for more memory than there is."""

import resource
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from tests.support.model_server import running, spawned, until_serving
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


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Give the programs that this test starts no more than a small board has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (512 * MEBIBYTE, hard))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@pytest.mark.usefixtures("little_memory")
def test_a_request_that_asks_for_too_much_memory_fails_and_the_next_one_does_not(tmp_path: Path) -> None:
    def repeated(times: int) -> dict[str, Array]:
        return {"x": np.ones(1, np.float32), "times": np.array([times], np.int32)}

    with running(base_path(tmp_path / "base", tiling_on_request()), tmp_path / "log") as server:
        for _ in range(3):
            with pytest.raises(grpc.RpcError) as caught:
                server.predict(repeated(1_000_000_000))
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert server.predict(repeated(3))["y"].tolist() == [1, 1, 1]


@pytest.mark.usefixtures("little_memory")
async def test_a_version_that_needs_too_much_memory_leaves_the_old_one_serving(tmp_path: Path) -> None:
    versions = base_path(tmp_path / "base", negating(), tiling(1_000_000_000))
    (versions / "2").rename(tmp_path / "later")
    with spawned(versions, tmp_path / "log") as server:
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
