"""Clients that nobody here wrote, with both gRPC front ends."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from dev import host
from tests.support import grpc_js_client
from tests.support.http2_peer import PREDICT
from tests.support.model_server import Server, predict_request

from fogline_model_server.fronts.http2.message import framed
from fogline_model_server.messages import PredictResponse

BOTH_FRONTS = pytest.mark.parametrize("server", ["litert-grpcio", "litert-http2"], indirect=True)
MESSAGE = predict_request({"x": np.array([[1, 2, 3]], np.float32)}).SerializeToString()
LIMIT_SECONDS = 240
GRPC_HEADERS = ("-H", "content-type: application/grpc", "-H", "te: trailers")


def ran(*command: str | Path) -> bytes:
    """Run a program and return what it prints."""
    return subprocess.run(command, check=True, timeout=LIMIT_SECONDS, capture_output=True).stdout


@pytest.fixture
def body_file(tmp_path: Path) -> Path:
    file = tmp_path / "body"
    file.write_bytes(framed(MESSAGE))
    return file


def totals(message: bytes) -> list[float]:
    """Return the output ``total`` of a PredictResponse."""
    return list(PredictResponse.FromString(message).outputs["total"].float_val)


@BOTH_FRONTS
@pytest.mark.parametrize("options", [(), ("gzip",)], ids=["plain", "gzip"])
def test_grpc_js_predicts(server: Server, options: tuple[str, ...]) -> None:
    requests = [predict_request({"x": np.full((rows, 3), rows, np.float32)}) for rows in range(1, 60)]
    requests.append(predict_request({"x": np.ones((200_000, 3), np.float32)}))
    messages = [request.SerializeToString() for request in requests]
    answers = grpc_js_client.call(server.grpc_port, PREDICT.decode(), messages, *options)
    for rows, answer in zip(range(1, 60), answers[:-1], strict=True):
        assert totals(bytes.fromhex(answer)) == [3 * rows] * rows
    assert totals(bytes.fromhex(answers[-1])) == [3] * 200_000


@BOTH_FRONTS
def test_grpc_js_reads_errors(server: Server) -> None:
    unknown = predict_request({"x": np.float32(1)}, name="ü").SerializeToString()
    path = PREDICT.decode()
    assert grpc_js_client.call(server.grpc_port, path, [unknown]) == [
        "5 Servable not found for request: Latest(ü)"
    ]
    assert grpc_js_client.call(server.grpc_port, f"{path}ion", [unknown]) == ["12 Method not found!"]


@BOTH_FRONTS
def test_curl_predicts(server: Server, body_file: Path) -> None:
    host.require({"curl": "curl"})
    url = f"http://127.0.0.1:{server.grpc_port}{PREDICT.decode()}"
    answer = ran(
        "curl", "--silent", "--http2-prior-knowledge", *GRPC_HEADERS, "--data-binary", f"@{body_file}", url
    )
    assert totals(answer[5:]) == [6]


@BOTH_FRONTS
@pytest.mark.parametrize(("clients", "at_once"), [(1, 100), (16, 1), (16, 8)])
def test_h2load_gets_an_answer_to_each_call(
    server: Server, body_file: Path, clients: int, at_once: int
) -> None:
    host.require({"h2load": "nghttp2-client"})
    url = f"http://127.0.0.1:{server.grpc_port}{PREDICT.decode()}"
    load = ("-n", "1600", "-c", str(clients), "-m", str(at_once), "-d", str(body_file))
    report = ran("h2load", *load, *GRPC_HEADERS, url).decode()
    assert "1600 succeeded, 0 failed, 0 errored" in report
    assert "status codes: 1600 2xx" in report


@BOTH_FRONTS
def test_wrk_gets_an_answer_to_each_rest_request(server: Server, tmp_path: Path) -> None:
    host.require({"wrk": "wrk"})
    script = tmp_path / "post.lua"
    script.write_text("""wrk.method = "POST"\nwrk.body = [==[{"instances": [[1, 2, 3]]}]==]\n""")
    url = f"http://127.0.0.1:{server.rest_port}/v1/models/tiny:predict"
    load = ("-t", "1", "-c", "16", "-d", "3s", "--timeout", f"{LIMIT_SECONDS}s")
    report = ran("wrk", *load, "-s", str(script), url).decode()
    assert re.search(r"[1-9]\d* requests in", report)
    assert "Non-2xx" not in report
    assert "Socket errors" not in report


@pytest.mark.parametrize("server", ["litert-http2"], indirect=True)
def test_curl_that_offers_http2_on_the_rest_port_is_answered_in_http1(server: Server) -> None:
    host.require({"curl": "curl"})
    url = f"http://127.0.0.1:{server.rest_port}/v1/models/tiny"
    answer = ran("curl", "--silent", "--http2", "--write-out", "%{http_version}", url)
    assert b"AVAILABLE" in answer
    assert answer.endswith(b"1.1")
