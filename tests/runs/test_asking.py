"""How workers are asked how far they are, and what becomes of answers that make no sense."""

import time

import pytest
from tests.support.progress import answering, response

from fogline.runs import asking
from fogline.runs.asking import ask
from fogline_trainer.progress import Progress, ProgressServer

HERE = "127.0.0.1"
LIMIT_SECONDS, PATIENT_SECONDS = 0.5, 60.0


def ask_on(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Let workers be asked on a port of this test."""
    monkeypatch.setattr(asking, "PROGRESS_PORT", port)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine take its time."""
    monkeypatch.setattr(asking, "LIMIT_SECONDS", PATIENT_SECONDS)


async def test_what_the_trainer_says_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Progress("train", epoch=3, epochs=40, samplesPerSecond=1000.0, loss=0.25, metric=0.9)
    server = ProgressServer(said, 0)
    try:
        ask_on(monkeypatch, server.server_address[1])
        found = await ask({0: HERE})
    finally:
        server.shutdown()
        server.server_close()
    assert [(one.epoch, one.epochs, one.samples_per_second) for one in found.values()] == [(3, 40, "1000")]


@pytest.mark.parametrize(
    "answer",
    [
        response(b"{}", "500 Internal Server Error"),
        response(b"", "302 Found", "Location: http://127.0.0.1/"),
        response(b" " * 1_000_000),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"\x00\xff" * 100,
    ],
    ids=["error", "redirect", "huge", "cut-off", "not-http"],
)
async def test_an_answer_without_sense_is_none(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    async with answering(answer) as port:
        ask_on(monkeypatch, port)
        assert await ask({0: HERE}) == {}


async def test_who_does_not_answer_in_time_is_left_out_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "LIMIT_SECONDS", LIMIT_SECONDS)
    async with answering(b"") as port:
        ask_on(monkeypatch, port)
        began = time.monotonic()
        assert await ask({**dict.fromkeys(range(10), HERE), 10: "127.0.0.2"}) == {}
        assert time.monotonic() - began < 10 * LIMIT_SECONDS, "as long as one after the other"
