"""Requests in the log: a share of them, bounded, and never what was in them."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.support.model_server import Server, running

from fogline_model_server.catalog import Catalog, ServedModel
from fogline_model_server.errors import Code, ServingError
from fogline_model_server.flags import parse
from fogline_model_server.limits import LIMITS
from fogline_model_server.messages import ModelServerConfig
from fogline_model_server.models.config import from_message
from fogline_model_server.request_log import RequestLog
from fogline_model_server.serving import Serving

SECRET = 4711.25


def lines(server: Server) -> list[dict[str, object]]:
    parsed = [json.loads(line) for line in server.logged().splitlines() if line.startswith("{")]
    return [line for line in parsed if line["message"] == "request"]


def test_each_request_that_is_wanted_gets_a_line_without_what_was_in_it(models: Path, tmp_path: Path) -> None:
    with running(models / "tflite", tmp_path / "log", "--request_log_sampling_rate=1") as server:
        server.predict({"x": np.full((1, 3), SECRET, np.float32)})
        assert server.rest_predict({"instances": [[SECRET, "no number", 0]]})[0] == 400
        good, bad = lines(server)  # they are written before the answer goes out
        fields = {"time", "level", "message", "model", "api", "entrypoint", "status", "milliseconds"}
        assert good.keys() == bad.keys() == fields
        assert (good["model"], good["entrypoint"], good["status"]) == ("tiny", "GRPC", "OK")
        assert (bad["model"], bad["entrypoint"], bad["status"]) == ("tiny", "REST", "INVALID_ARGUMENT")
        assert "4711" not in server.logged()
        assert "127.0.0.1" not in server.logged()


def test_nothing_is_logged_unless_somebody_wants_it(caplog: pytest.LogCaptureFixture) -> None:
    serving = Serving(Catalog({"quiet": ServedModel((), ()), "told": ServedModel((), (), log_share=1)}))
    with caplog.at_level("INFO", "fogline_model_server"):
        for name in ("quiet", "told", "unknown"):
            serving.observe(name, "Predict", "GRPC", None, 0.001)
    assert [record.data["model"] for record in caplog.records] == ["told"]  # type: ignore[attr-defined]  # ours


def test_the_share_decides_by_chance(caplog: pytest.LogCaptureFixture) -> None:
    chances = iter((0.0, 0.24, 0.25, 0.9))
    requests = RequestLog(lambda: 0, lambda: next(chances))
    with caplog.at_level("INFO", "fogline_model_server"):
        for _ in range(4):
            requests.offer(0.25, "m", "Predict", "GRPC", Code.NOT_FOUND, 0.001)
    assert len(caplog.records) == 2


def test_a_flood_is_cut_and_the_log_says_by_how_much(caplog: pytest.LogCaptureFixture) -> None:
    now = [7.5]
    requests = RequestLog(lambda: now[0], lambda: 0.0)
    most = LIMITS.request_lines_per_second
    with caplog.at_level("INFO", "fogline_model_server"):
        for _ in range(most + 30):
            requests.offer(1, "m", "Predict", "GRPC", None, 0.001)
        assert len(caplog.records) == most
        now[0] = 8.1
        requests.offer(1, "m", "Predict", "GRPC", None, 0.001)
    warning, line = caplog.records[most:]
    assert (warning.data, line.message) == ({"missing": 30}, "request")  # type: ignore[attr-defined]  # ours


def test_the_share_of_each_model_is_in_the_config_file() -> None:
    message = ModelServerConfig()
    model = message.model_config_list.config.add(name="a", base_path="/m/a", model_platform="tensorflow")
    assert from_message(message)["a"].log_share == 0
    model.logging_config.sampling_config.sampling_rate = 0.5
    assert from_message(message)["a"].log_share == 0.5
    model.logging_config.sampling_config.sampling_rate = 1.5
    with pytest.raises(ServingError, match=r"sampling_rate 1\.5, which is not from 0 to 1"):
        from_message(message)


def test_a_collector_of_requests_is_refused_with_advice() -> None:
    message = ModelServerConfig()
    model = message.model_config_list.config.add(name="a", base_path="/m/a", model_platform="tensorflow")
    model.logging_config.log_collector_config.filename_prefix = "/logs"
    with pytest.raises(ServingError, match="leave it out"):
        from_message(message)


def test_a_share_is_from_0_to_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse(["--request_log_sampling_rate=0.1"], {}).request_log_sampling_rate == 0.1
    with pytest.raises(SystemExit):
        parse(["--request_log_sampling_rate=2"], {})
    assert "2 is not from 0 to 1" in capsys.readouterr().err
