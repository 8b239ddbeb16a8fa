"""What clients see while models and servers change under load: nothing."""

import asyncio
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.load import asked_all_the_time, grpc_client, rest_client
from tests.support.model_server import (
    START_SECONDS,
    Server,
    predict_request,
    spawned,
    until_serving,
)
from tests.support.wait import wait_for

from fogline_model_server.settings import Front

CLIENTS = 4
ROW = np.ones((1, 64), np.float32)


@pytest.fixture(params=list(Front))
def front(request: pytest.FixtureRequest) -> Front:
    found: Front = request.param
    return found


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "server.log"


def put(base: Path, number: int, folder: Path) -> None:
    """Make a version folder appear at once."""
    shutil.copytree(folder, base / ".new")
    (base / ".new").rename(base / str(number))


def right(expected: np.ndarray[Any, Any], answer: Any) -> None:
    (proto,) = answer.outputs.values()
    assert np.allclose(proto.float_val, expected, rtol=1e-4)


def clients_of(server: Server, row: np.ndarray[Any, Any]) -> list[Any]:
    request = predict_request({"x": row})
    expected = np.concatenate([array.ravel() for array in server.predict({"x": row}).values()])

    def by_grpc() -> Iterator[None]:
        return grpc_client(f"127.0.0.1:{server.grpc_port}", request, lambda answer: right(expected, answer))

    def by_rest() -> Iterator[None]:
        def check(document: Any) -> None:
            assert np.allclose(document["predictions"][0], expected, rtol=1e-4)

        return rest_client(lambda: server.rest_port, {"instances": row.tolist()}, check)

    return [by_grpc, by_rest] * (CLIENTS // 2)


def served(server: Server) -> list[str]:
    document = server.rest("GET", "/v1/models/tiny")[1]
    return [entry["version"] for entry in document["model_version_status"] if entry["state"] == "AVAILABLE"]


async def test_swapping_a_model_of_20_megabytes_costs_no_request(
    models: Path, tmp_path: Path, log: Path, front: Front
) -> None:
    base = tmp_path / "base"
    put(base, 1, models / "large/1")
    with spawned(base, log, f"--front={front}", "--file_system_poll_wait_seconds=0.1") as server:
        await until_serving(server)
        with asked_all_the_time(clients_of(server, ROW)) as tally:
            for number in (2, 3):
                before = tally.answered
                put(base, number, models / "large/1")
                await wait_for(lambda: served(server) == [str(number)], "the new version serves")  # noqa: B023  used at once
                await wait_for(lambda: tally.answered > before + 20, "requests are answered")  # noqa: B023  as above
        assert tally.failures == []
        assert "unexpected" not in server.logged()


async def test_a_bad_version_costs_no_request(models: Path, tmp_path: Path, log: Path, front: Front) -> None:
    base = tmp_path / "base"
    put(base, 1, models / "plain/00000007")
    flags = (f"--front={front}", "--file_system_poll_wait_seconds=0.1", "--max_num_load_retries=0")
    with spawned(base, log, *flags) as server:
        await until_serving(server)
        with asked_all_the_time(clients_of(server, ROW[:, :2])) as tally:
            (base / "2").mkdir()
            (base / "2" / "model.tflite").write_bytes(b"no model")
            await wait_for(lambda: "gave up" in server.logged(), "the load is given up")
            before = tally.answered
            await wait_for(lambda: tally.answered > before + 50, "requests are answered")
            assert served(server) == ["1"]
            document = server.rest("GET", "/v1/models/tiny/versions/2")[1]
            (status,) = document["model_version_status"]
            assert (status["state"], status["status"]["error_code"]) == ("END", "UNKNOWN")
            assert str(base) not in status["status"]["error_message"]
        assert tally.failures == []


async def test_a_rolling_restart_costs_no_request(models: Path, tmp_path: Path, log: Path) -> None:
    """Connections to the old server are still in use when it is told to end.

    grpcio cannot do this: its server cancels calls that have arrived and that it has not looked at yet.
    """
    flags = [f"--front={Front.HTTP2}"]
    with (
        spawned(models / "plain", log, *flags) as old,
        spawned(models / "plain", tmp_path / "new", *flags) as new,
    ):
        await asyncio.gather(until_serving(old), until_serving(new))
        now = [old]
        request = predict_request({"x": ROW[:, :2]})

        def by_grpc() -> Iterator[None]:
            # Both servers behind one channel: it turns to the other one by itself.
            address = f"ipv4:127.0.0.1:{old.grpc_port},127.0.0.1:{new.grpc_port}"
            return grpc_client(address, request, lambda answer: right(np.array([2, 2]), answer))

        def by_rest() -> Iterator[None]:
            def check(document: Any) -> None:
                assert document == {"predictions": [[2.0, 2.0]]}

            return rest_client(lambda: now[0].rest_port, {"instances": [[1, 1]]}, check)

        with asked_all_the_time([by_grpc, by_rest] * (CLIENTS // 2)) as tally:
            await wait_for(lambda: min(tally.answers) > 10, "all clients are connected")
            now[0] = new
            old.process.send_signal(signal.SIGTERM)
            await wait_for(lambda: old.process.poll() is not None, "the old server ends", START_SECONDS)
            before = tally.answered
            await wait_for(lambda: tally.answered > before + 50, "requests are answered")
        assert old.process.returncode == 0
    assert tally.failures == []
