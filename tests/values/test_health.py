"""What the kubelet and Prometheus may ask a process of ours."""

from http import HTTPStatus

import aiohttp
import pytest
from dev.ports import free_port

from fogline import health


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/metrics", HTTPStatus.OK),
        ("POST", "/metrics", HTTPStatus.METHOD_NOT_ALLOWED),
        ("PUT", "/readyz", HTTPStatus.METHOD_NOT_ALLOWED),
        ("DELETE", "/livez", HTTPStatus.METHOD_NOT_ALLOWED),
        ("GET", "/", HTTPStatus.NOT_FOUND),
        ("GET", "/debug/pprof", HTTPStatus.NOT_FOUND),
    ],
)
async def test_nothing_can_be_written_and_nothing_else_can_be_read(
    method: str, path: str, status: HTTPStatus
) -> None:
    port = free_port()
    async with (
        health.serve(port, lambda _: (b"", "text/plain"), lambda: None),
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{port}{path}") as answer,
    ):
        assert answer.status == status
