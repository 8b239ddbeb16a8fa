"""Start, readiness and end of the process."""

import asyncio
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import grpc
import numpy as np
import pytest
from tests.support.model_server import (
    ANSWER_SECONDS,
    END_SECONDS,
    START_SECONDS,
    Server,
    begun,
    is_open,
    predict_request,
    running,
    spawned,
    unary,
    until_serving,
)
from tests.support.wait import wait_for

from fogline_model_server.serve import GRACE_SECONDS

ROW = np.ones((1, 3), np.float32)
TFLITE = Path("tflite/1/model.tflite")
LONG_STEPS = 100_000
"""Of the signature ``spin``: most of a second of a processor, and on a busy machine still below the grace."""


def add_version(base_path: Path, name: str, file: Path) -> None:
    """Make a version folder appear at once, as a renamed folder does."""
    hidden = base_path / f".{name}"
    hidden.mkdir(parents=True)
    shutil.copy(file, hidden / "model.tflite")
    hidden.rename(base_path / name)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "server.log"


async def ends(server: Server) -> int:
    """Wait until the process has ended by itself and return its exit code."""
    await wait_for(lambda: server.process.poll() is not None, "the process ends", START_SECONDS)
    code = server.process.returncode
    assert code is not None
    return code


def test_the_latest_of_the_numbered_folders_is_served(models: Path, tmp_path: Path, log: Path) -> None:
    for name in ("2", "00000010", "9", "11.bak", "latest"):
        add_version(tmp_path / "base", name, models / TFLITE)
    (tmp_path / "base" / "12").write_text("a file is no version")
    with running(tmp_path / "base", log) as server:
        status, document = server.rest("GET", "/v1/models/tiny")
        assert status == 200
        assert [entry["version"] for entry in document["model_version_status"]] == ["10"]


def test_a_file_without_signatures_gets_one_from_its_tensor_names(models: Path, log: Path) -> None:
    with running(models / "plain", log) as server:
        assert server.rest_predict({"instances": [[1, 2], [3, 4]]}) == (
            200,
            {"predictions": [[2, 4], [6, 8]]},
        )
        definition = server.rest("GET", "/v1/models/tiny/metadata")[1]["metadata"]["signature_def"]
        (signature,) = definition["signature_def"].items()
        assert (signature[0], list(signature[1]["inputs"])) == ("serving_default", ["x"])


def test_a_model_goes_on_when_its_file_is_cut_and_removed(models: Path, tmp_path: Path, log: Path) -> None:
    add_version(tmp_path / "base", "1", models / TFLITE)
    file = tmp_path / "base/1/model.tflite"
    with running(tmp_path / "base", log) as server:
        os.truncate(file, 0)
        file.unlink()
        with pytest.raises(grpc.RpcError):  # costs the server its interpreter
            server.predict({"a": np.ones(3, np.float32), "b": np.ones(2, np.float32)}, signature="divide")
        assert server.predict({"x": ROW})["total"].tolist() == [3]


async def test_ports_stay_closed_until_a_version_is_there(models: Path, tmp_path: Path, log: Path) -> None:
    with spawned(tmp_path / "base", log) as server:
        await wait_for(lambda: "waiting for a version" in server.logged(), "it waits", START_SECONDS)
        assert not is_open(server.grpc_port)
        assert not is_open(server.rest_port)
        add_version(tmp_path / "base", "1", models / TFLITE)
        await until_serving(server)
        assert server.rest_predict({"instances": [[1, 2, 3]]})[0] == 200


async def test_sigterm_ends_a_server_that_still_waits(tmp_path: Path, log: Path) -> None:
    with spawned(tmp_path, log) as server:
        await wait_for(lambda: "waiting for a version" in server.logged(), "it waits", START_SECONDS)
        server.process.send_signal(signal.SIGTERM)
        assert await ends(server) == 0


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("model.tflite", b"no model", "the model file is no .tflite file"),
        ("saved_model.pb", b"no model", "TensorFlow cannot load"),
        ("readme.txt", b"", "holds neither saved_model.pb nor a .tflite file"),
    ],
)
async def test_a_version_that_cannot_be_loaded_ends_the_process_and_says_why(
    tmp_path: Path, log: Path, file: str, content: bytes, reason: str
) -> None:
    folder = tmp_path / "base" / "1"
    folder.mkdir(parents=True)
    (folder / file).write_bytes(content)
    with spawned(tmp_path / "base", log, "--max_num_load_retries=0") as server:
        assert await ends(server) == 1
    last = server.logged().splitlines()[-1]
    assert '"message":"cannot serve"' in last
    assert reason in last


async def test_a_saved_model_without_tensorflow_says_what_to_do(
    models: Path, tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / "tensorflow.py").write_text("raise ModuleNotFoundError('not here', name='tensorflow')\n")
    monkeypatch.setenv("PYTHONPATH", str(shadow))
    with spawned(models / "saved_model", log) as server:
        assert await ends(server) == 1
    assert "tensorflow is not installed: use the image with the TensorFlow engine" in server.logged()


def test_serving_tflite_does_not_import_tensorflow(models: Path, log: Path) -> None:
    with running(models / "tflite", log) as server:
        assert server.rest_predict({"instances": [[1, 2, 3]]})[0] == 200
        assert "tensorflow/" not in Path(f"/proc/{server.process.pid}/maps").read_text()


async def test_a_taken_port_ends_the_process_and_is_named(models: Path, log: Path) -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        for flag, name in (("--port", "gRPC"), ("--rest_api_port", "REST")):
            with spawned(models / "tflite", log, f"{flag}={port}") as server:
                assert await ends(server) == 1
            assert f"cannot listen on {name} port {port}" in server.logged()


def test_rest_can_be_off(models: Path, log: Path) -> None:
    with spawned(models / "tflite", log, "--rest_api_port=0") as server:
        asyncio.run(wait_for(lambda: is_open(server.grpc_port), "gRPC listens", START_SECONDS))
        assert not is_open(server.rest_port)
        assert server.predict({"x": np.array([7])}, signature="same_int64")["same"].tolist() == [[7]]


async def in_flight(server: Server) -> None:
    """Wait until the server has computed for a while: it is in the middle of the request."""
    before = server.cpu_ticks()
    await wait_for(lambda: server.cpu_ticks() - before > os.sysconf("SC_CLK_TCK") // 5, "it computes")


async def test_sigterm_answers_what_is_in_flight_then_exits_with_zero(models: Path, log: Path) -> None:
    steps = {"steps": np.array([LONG_STEPS], np.int32)}
    body = {"signature_name": "spin", "inputs": {"steps": [LONG_STEPS]}}
    quick = json.dumps({"instances": ROW.tolist()}).encode()
    with spawned(models / "tflite", log) as server:
        await until_serving(server)
        with (
            begun(server, "POST", "/v1/models/tiny:predict", quick) as rest_of_one,
            grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel,
        ):
            predict = unary(channel, "PredictionService/Predict")
            predict(predict_request({"x": ROW}))
            by_rest = asyncio.create_task(asyncio.to_thread(server.rest_predict, body))
            await in_flight(server)
            by_grpc = predict.future(predict_request(steps, signature="spin"), timeout=ANSWER_SECONDS)
            await in_flight(server)
            server.process.send_signal(signal.SIGTERM)
            await wait_for(lambda: not is_open(server.rest_port), "REST stops listening")
            await wait_for(lambda: not is_open(server.grpc_port), "gRPC stops listening")
            assert server.process.poll() is None, "one of them has not even come in whole"
            late = await asyncio.to_thread(rest_of_one)
            answered = await asyncio.to_thread(by_grpc.result)
        assert (late[0], late[1]["predictions"][0]["total"]) == (200, 3)
        status, document = await by_rest
        assert (status, document["outputs"]["count"]) == (200, [LONG_STEPS])
        assert list(answered.outputs["count"].int_val) == [LONG_STEPS]
        assert await ends(server) == 0


async def test_idle_connections_do_not_delay_the_end(models: Path, log: Path) -> None:
    with spawned(models / "tflite", log) as server:
        await until_serving(server)
        idle = http.client.HTTPConnection("127.0.0.1", server.rest_port)
        with closing(idle), grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
            idle.request("GET", "/v1/models/tiny")
            idle.getresponse().read()
            unary(channel, "PredictionService/Predict")(predict_request({"x": ROW}))
            server.process.send_signal(signal.SIGTERM)
            limit = GRACE_SECONDS * 0.8
            await wait_for(lambda: server.process.poll() == 0, "the process ends", limit)


def test_a_request_that_outlives_the_grace_does_not_keep_the_process() -> None:
    program = """if True:
        from concurrent.futures import ThreadPoolExecutor
        from threading import Event
        from fogline_model_server.serve import end
        threads = ThreadPoolExecutor(1)
        threads.submit(Event().wait)
        end(threads)
        print("not reached")
    """
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=END_SECONDS, check=False
    )
    assert (done.returncode, done.stdout) == (1, b"")


def test_the_version_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fogline_model_server", "--version"],
        capture_output=True,
        text=True,
        timeout=END_SECONDS,
        check=True,
    )
    assert done.stdout.startswith("fogline-model-server ")
