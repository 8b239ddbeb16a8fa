"""Listening, health, TLS, reload and the end of the process, with both gRPC front ends."""

import asyncio
import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import trustme
from tests.support.model_server import (
    END_SECONDS,
    START_SECONDS,
    Server,
    begun,
    predict_request,
    running,
    spawned,
    unary,
    until_serving,
)
from tests.support.tfrecord import write_warmup
from tests.support.wait import wait_for

from fogline_model_server import messages
from fogline_model_server.assembly import THREADS
from fogline_model_server.messages import HealthCheckRequest, HealthCheckResponse
from fogline_model_server.serve import KILLED_BY_SIGTERM
from fogline_model_server.settings import Front

ROW = np.ones((1, 2), np.float32)
LONG_STEPS = 100_000
"""Of the signature ``spin``: most of a second of a processor, and on a busy machine still below the grace."""
SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3


@pytest.fixture(params=list(Front))
def front(request: pytest.FixtureRequest) -> str:
    return f"--front={request.param}"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "server.log"


def check(channel: grpc.Channel, service: str = "") -> int:
    call = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=HealthCheckRequest.SerializeToString,
        response_deserializer=HealthCheckResponse.FromString,
    )
    status: int = call(HealthCheckRequest(service=service), timeout=30).status
    return status


def watch(channel: grpc.Channel, service: str = "") -> Any:
    call = channel.unary_stream(
        "/grpc.health.v1.Health/Watch",
        request_serializer=HealthCheckRequest.SerializeToString,
        response_deserializer=HealthCheckResponse.FromString,
    )
    return call(HealthCheckRequest(service=service), timeout=60)


def channel_of(server: Server) -> grpc.Channel:
    return grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}")


def predicted(channel: grpc.Channel) -> list[float]:
    response = unary(channel, "PredictionService/Predict")(predict_request({"x": ROW}), timeout=30)
    (proto,) = response.outputs.values()
    return list(proto.float_val)


def test_health_says_that_predictions_work_until_the_model_is_gone(
    models: Path, tmp_path: Path, log: Path, front: str
) -> None:
    version = tmp_path / "base" / "1"
    version.mkdir(parents=True)
    (version / "model.tflite").write_bytes((models / "plain/00000007/anything.tflite").read_bytes())
    flags = (front, "--enable_grpc_healthcheck_service", "--file_system_poll_wait_seconds=0.1")
    with running(tmp_path / "base", log, *flags) as server, channel_of(server) as channel:
        assert check(channel) == SERVING
        assert check(channel, "tensorflow.serving.PredictionService") == SERVING
        with pytest.raises(grpc.RpcError) as unknown:
            check(channel, "other")
        assert unknown.value.code() is grpc.StatusCode.NOT_FOUND
        # More watch than there are threads: they must not keep anybody from predicting.
        watching = [watch(channel) for _ in range(THREADS + 2)]
        assert [next(each).status for each in watching] == [SERVING] * len(watching)
        assert next(watch(channel, "other")).status == SERVICE_UNKNOWN
        assert predicted(channel) == [2, 2]
        version.rename(tmp_path / "away")
        assert [next(each).status for each in watching] == [NOT_SERVING] * len(watching)
        assert check(channel) == NOT_SERVING
        assert server.rest("GET", "/v1/models/tiny/metadata")[0] == 404
        (tmp_path / "away").rename(version)
        assert next(watching[0]).status == SERVING
        assert predicted(channel) == [2, 2]


@pytest.fixture(scope="module", params=list(Front))
def plain(
    request: pytest.FixtureRequest, models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Return a server that has next to no flags and is not changed by the tests that share it."""
    folder = tmp_path_factory.mktemp("plain")
    flags = (f"--front={request.param}", f"--grpc_socket_path={folder}/grpc.sock")
    with running(models / "plain", folder / "log", *flags) as server:
        yield server


def test_health_is_off_without_its_flag(plain: Server) -> None:
    with channel_of(plain) as channel:
        with pytest.raises(grpc.RpcError) as unknown:
            check(channel)
        assert unknown.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_grpc_listens_on_a_unix_socket_too(plain: Server) -> None:
    for address in (f"unix:{plain.log.parent}/grpc.sock", f"127.0.0.1:{plain.grpc_port}"):
        with grpc.insecure_channel(address) as channel:
            assert predicted(channel) == [2, 2]


def test_a_reload_needs_the_flag(plain: Server) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        reload(plain, reload_request())
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "--enable_reload_config" in str(refused.value.details())


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def ssl_config(folder: Path, authority: trustme.CA, more: str = "") -> Path:
    issued = authority.issue_cert("localhost")
    file = folder / "ssl.config"
    key = json.dumps(issued.private_key_pem.bytes().decode())
    certificate = json.dumps(issued.cert_chain_pems[0].bytes().decode())
    file.write_text(f"server_key: {key}\nserver_cert: {certificate}\n{more}\n")
    return file


def secure_channel(server: Server, authority: trustme.CA, client: trustme.LeafCert | None) -> grpc.Channel:
    credentials = grpc.ssl_channel_credentials(
        authority.cert_pem.bytes(),
        client.private_key_pem.bytes() if client else None,
        client.cert_chain_pems[0].bytes() if client else None,
    )
    return grpc.secure_channel(f"localhost:{server.grpc_port}", credentials)


def test_grpc_speaks_tls(models: Path, tmp_path: Path, log: Path, front: str, authority: trustme.CA) -> None:
    file = ssl_config(tmp_path, authority)
    with running(models / "plain", log, front, f"--ssl_config_file={file}") as server:
        with secure_channel(server, authority, None) as channel:
            assert predicted(channel) == [2, 2]
        with channel_of(server) as insecure, pytest.raises(grpc.RpcError) as refused:
            predicted(insecure)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def test_grpc_asks_clients_for_certificates(
    models: Path, tmp_path: Path, log: Path, front: str, authority: trustme.CA
) -> None:
    known = json.dumps(authority.cert_pem.bytes().decode())
    file = ssl_config(tmp_path, authority, f"custom_ca: {known}\nclient_verify: true")
    with running(models / "plain", log, front, f"--ssl_config_file={file}") as server:
        with secure_channel(server, authority, authority.issue_cert("client@example.org")) as channel:
            assert predicted(channel) == [2, 2]
        stranger = trustme.CA().issue_cert("client@example.org")
        for client in (None, stranger):
            with secure_channel(server, authority, client) as channel:
                with pytest.raises(grpc.RpcError) as refused:
                    predicted(channel)
                assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def reload_request(**base_paths: Path) -> Any:
    request = messages.ReloadConfigRequest()
    models = request.config.model_config_list.config
    for name, path in base_paths.items():
        models.add(name=name, base_path=str(path), model_platform="tensorflow")
    request.config.model_config_list.SetInParent()
    return request


def reload(server: Server, request: Any) -> Any:
    with channel_of(server) as channel:
        call = channel.unary_unary(
            "/tensorflow.serving.ModelService/HandleReloadConfigRequest",
            request_serializer=messages.ReloadConfigRequest.SerializeToString,
            response_deserializer=messages.ReloadConfigResponse.FromString,
        )
        return call(request, timeout=60)


def test_a_reload_replaces_the_models_or_nothing_and_blocks_nobody_while_it_waits(
    models: Path, tmp_path: Path, log: Path, front: str
) -> None:
    with running(models / "plain", log, front, "--enable_reload_config") as server:
        reload(server, reload_request(tiny=models / "plain", other=models / "plain"))
        assert server.rest("GET", "/v1/models/other/metadata")[0] == 200
        twice = reload_request(tiny=models / "plain")
        twice.config.model_config_list.config.add().CopyFrom(twice.config.model_config_list.config[0])
        with pytest.raises(grpc.RpcError) as refused:
            reload(server, twice)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert refused.value.details() == "Illegal to list model tiny multiple times in config list"
        assert server.rest("GET", "/v1/models/other/metadata")[0] == 200
        # This one waits for a model that never comes, until a later one replaces it.
        with channel_of(server) as channel:
            call = channel.unary_unary(
                "/tensorflow.serving.ModelService/HandleReloadConfigRequest",
                request_serializer=messages.ReloadConfigRequest.SerializeToString,
                response_deserializer=messages.ReloadConfigResponse.FromString,
            )
            mistyped = reload_request(tiny=models / "plain", never=tmp_path / "never")
            waiting = call.future(mistyped, timeout=60)
            asyncio.run(
                wait_for(
                    lambda: server.rest("GET", "/v1/models/other/metadata")[0] == 404, "the model is gone"
                )
            )
            assert predicted(channel) == [2, 2]
            assert not waiting.done()
            reload(server, reload_request(tiny=models / "plain"))
            assert waiting.code() is grpc.StatusCode.ABORTED
            assert predicted(channel) == [2, 2]


async def test_a_config_file_is_followed_and_a_bad_one_ignored(
    models: Path, tmp_path: Path, log: Path
) -> None:
    file = tmp_path / "models.config"

    def write(*names: str, tail: str = "") -> None:
        entries = "".join(
            f'config {{ name: "{name}" base_path: "{models / "plain"}" model_platform: "tensorflow" }} '
            for name in names
        )
        file.write_text(f"model_config_list {{ {entries} }} {tail}")

    write("one")
    flags = (f"--model_config_file={file}", "--model_config_file_poll_wait_seconds=0.1")
    with spawned(models, log, *flags) as server:
        await until_serving(server)
        assert server.rest("GET", "/v1/models/one/metadata")[0] == 200
        write("one", tail="}")
        await wait_for(lambda: "is not followed" in server.logged(), "the bad file is told")
        assert "Error parsing text-format tensorflow.serving.ModelServerConfig" in server.logged()
        assert server.rest("GET", "/v1/models/one/metadata")[0] == 200
        write("two")
        await wait_for(lambda: server.rest("GET", "/v1/models/two/metadata")[0] == 200, "two serves")
        await wait_for(lambda: server.rest("GET", "/v1/models/one/metadata")[0] == 404, "one is gone")


async def test_a_bad_config_file_at_start_ends_the_process(tmp_path: Path, log: Path) -> None:
    file = tmp_path / "models.config"
    file.write_text("model_config_list {")
    with spawned(tmp_path, log, f"--model_config_file={file}") as server:
        await wait_for(lambda: server.process.poll() is not None, "the process ends", START_SECONDS)
        assert server.process.returncode == 1
        assert "Error parsing text-format tensorflow.serving.ModelServerConfig" in server.logged()


@pytest.fixture
def spinning(models: Path, log: Path, front: str) -> Iterator[Server]:
    with running(models / "tflite", log, front, "--enable_grpc_healthcheck_service") as server:
        yield server


async def computes(server: Server) -> None:
    before = server.cpu_ticks()
    await wait_for(lambda: server.cpu_ticks() - before > 20, "it computes")


async def test_sigterm_does_not_wait_for_a_load(models: Path, tmp_path: Path, log: Path) -> None:
    version = tmp_path / "base" / "1"
    shutil.copytree(models / "tflite/1", version)
    slow = messages.PredictionLog()
    steps = {"steps": np.array([100 * LONG_STEPS], np.int32)}
    slow.predict_log.request.CopyFrom(predict_request(steps, signature="spin"))
    write_warmup(version, slow.SerializeToString())
    with spawned(tmp_path / "base", log) as server:
        await wait_for(lambda: server.catches(signal.SIGTERM), "it hears signals", START_SECONDS)
        before = server.cpu_ticks()
        await wait_for(lambda: server.cpu_ticks() - before > 150, "it warms up", START_SECONDS)
        server.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.process.wait, END_SECONDS) == 0


@pytest.mark.parametrize("front", ["--front=http2"])
def test_a_server_that_ends_says_so(spinning: Server) -> None:
    server = spinning
    with (
        channel_of(server) as channel,
        begun(server, "GET", "/v1/models/tiny") as status,
        begun(server, "GET", "/v1/models/tiny/metadata") as ready,
    ):
        watching = watch(channel)
        assert next(watching).status == SERVING
        spin = predict_request({"steps": np.array([LONG_STEPS], np.int32)}, signature="spin")
        busy = unary(channel, "PredictionService/Predict").future(spin, timeout=120)
        asyncio.run(computes(server))
        server.process.send_signal(signal.SIGTERM)
        assert next(watching).status == NOT_SERVING
        code, document, connection = status()
        assert (code, connection) == (200, "close")
        assert document["model_version_status"][0]["state"] == "UNLOADING"
        assert ready()[0] == 503
        assert busy.result().outputs["count"].int_val[:] == [LONG_STEPS]
        assert server.process.wait(END_SECONDS) == 0


def test_a_second_sigterm_ends_the_process_at_once(spinning: Server) -> None:
    server = spinning
    with channel_of(server) as channel:
        spin = predict_request({"steps": np.array([100 * LONG_STEPS], np.int32)}, signature="spin")
        busy = unary(channel, "PredictionService/Predict").future(spin, timeout=120)
        asyncio.run(computes(server))
        server.process.send_signal(signal.SIGTERM)
        asyncio.run(wait_for(lambda: '"message":"stopping"' in server.logged(), "it begins to stop"))
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(END_SECONDS) == KILLED_BY_SIGTERM
        assert busy.exception() is not None


def test_a_rest_request_that_takes_too_long_is_answered_in_time(models: Path, log: Path) -> None:
    with running(models / "tflite", log, "--rest_api_timeout_in_ms=300") as server:
        body = {"signature_name": "spin", "inputs": {"steps": [2 * LONG_STEPS]}}
        status, document = server.rest_predict(body)
        assert status == 504
        assert "--rest_api_timeout_in_ms" in document["error"]


def test_threads_and_options_of_grpc_are_taken(models: Path, log: Path) -> None:
    flags = ("--grpc_max_threads=5", "--grpc_channel_arguments=grpc.max_receive_message_length=10")
    with running(models / "plain", log, "--front=grpcio", *flags) as server, channel_of(server) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            predicted(channel)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
