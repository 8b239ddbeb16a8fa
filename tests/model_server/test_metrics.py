"""Metrics: the names and buckets of TensorFlow Serving, and ours beside them."""

import http.client
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import grpc
import numpy as np
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from tests.support.model_server import Server, running

from fogline_model_server import monitoring
from fogline_model_server.catalog import Catalog, ServedModel, State, VersionStatus
from fogline_model_server.errors import Code
from fogline_model_server.flags import parse
from fogline_model_server.metrics import page
from fogline_model_server.metrics.instruments import LATENCY_BOUNDS, Histogram
from fogline_model_server.serving import Serving
from fogline_model_server.settings import Front

ROW = np.ones((1, 3), np.float32)
ENABLED = "prometheus_config { enable: true }"


@pytest.fixture(scope="module", params=list(Front))
def measured(
    request: pytest.FixtureRequest, models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Return a server with metrics; the test runs once with each gRPC front end."""
    folder = tmp_path_factory.mktemp("metrics")
    config = folder / "monitoring.txt"
    config.write_text(ENABLED)
    flags = (f"--monitoring_config_file={config}", f"--front={request.param}")
    with running(models / "tflite", folder / "log", *flags) as server:
        yield server


def scraped(server: Server) -> dict[str, Metric]:
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=30)
    try:
        connection.request("GET", monitoring.DEFAULT_PATH)
        response = connection.getresponse()
        assert (response.status, response.getheader("Content-Type", "").split(";")[0]) == (200, "text/plain")
        return families(response.read().decode())
    finally:
        connection.close()


def families(text: str) -> dict[str, Metric]:
    """Read a page as Prometheus does; its names of counters lose their ending."""
    found = [*text_string_to_metric_families(text)]
    assert len({family.name for family in found}) == len(found)
    return {family.name: family for family in found}


def value(metrics: dict[str, Metric], family: str, sample: str = "", **labels: str) -> float:
    """Return the value of one sample, 0 if there is none."""
    name = sample or family
    for found in metrics[family].samples:
        if found.name in (name, f"{name}_total") and labels.items() <= found.labels.items():
            return found.value
    return 0


def count(metrics: dict[str, Metric], entrypoint: str) -> float:
    latency = ":tensorflow:serving:request_latency"
    labels = {"model_name": "tiny", "API": "Predict", "entrypoint": entrypoint}
    return value(metrics, latency, f"{latency}_count", **labels)


def test_requests_are_counted_and_timed_by_model_and_entry_point(measured: Server) -> None:
    before = scraped(measured)
    for _ in range(3):
        measured.predict({"x": ROW})
    for _ in range(2):
        measured.rest_predict({"instances": [[1, 2, 3]]})
    after = scraped(measured)
    assert count(after, "GRPC") - count(before, "GRPC") == 3
    assert count(after, "REST") - count(before, "REST") == 2
    requests = ":tensorflow:serving:request_count"
    ok = {"model_name": "tiny", "status": "OK"}
    assert value(after, requests, **ok) - value(before, requests, **ok) == 5
    runtime = ":tensorflow:serving:runtime_latency"
    ran = {"model_name": "tiny", "API": "Predict", "runtime": "TF1"}
    runs = [value(metrics, runtime, f"{runtime}_count", **ran) for metrics in (before, after)]
    assert runs[1] - runs[0] == 5
    seconds = [value(metrics, runtime, f"{runtime}_sum", **ran) for metrics in (before, after)]
    latency = ":tensorflow:serving:request_latency"
    in_all = sum(
        value(after, latency, f"{latency}_sum", entrypoint=entry)
        - value(before, latency, f"{latency}_sum", entrypoint=entry)
        for entry in ("GRPC", "REST")
    )
    assert 0 < seconds[1] - seconds[0] < in_all


def test_a_load_is_timed(measured: Server) -> None:
    metrics = scraped(measured)
    load = "fogline_model_server_load_latency"
    assert value(metrics, load, f"{load}_count", model_name="tiny") == 1
    assert value(metrics, load, f"{load}_sum", model_name="tiny") > 0
    assert value(metrics, "fogline_model_server_load_failures", model_name="tiny") == 0


def test_a_refused_request_is_counted_by_its_status_and_not_timed(measured: Server) -> None:
    before = scraped(measured)
    with pytest.raises(grpc.RpcError):
        measured.predict({"wrong": ROW})
    assert measured.rest_predict({"instances": []})[0] == 400
    after = scraped(measured)
    refused = {"model_name": "tiny", "status": "INVALID_ARGUMENT"}
    requests = ":tensorflow:serving:request_count"
    assert value(after, requests, **refused) - value(before, requests, **refused) == 2
    assert [count(after, entry) for entry in ("GRPC", "REST")] == [
        count(before, entry) for entry in ("GRPC", "REST")
    ]


def test_names_that_clients_make_up_make_no_series(measured: Server) -> None:
    before = scraped(measured)
    for number in range(5):
        assert measured.rest_predict({"instances": [[1]]}, f"/v1/models/made-up-{number}:predict")[0] == 404
    after = scraped(measured)
    unknown = "fogline_model_server_unknown_model_requests"
    assert value(after, unknown) - value(before, unknown) == 5
    names = {
        sample.labels.get("model_name", "tiny") for family in after.values() for sample in family.samples
    }
    assert names == {"tiny"}


def test_the_page_tells_what_is_served_and_how_much_the_process_uses(measured: Server) -> None:
    metrics = scraped(measured)
    versions = "fogline_model_server_versions"
    assert value(metrics, versions, model_name="tiny", state="AVAILABLE") == 1
    assert value(metrics, versions, model_name="tiny", state="END") == 0
    assert value(metrics, "fogline_model_server_engine_info", engine="litert", version="1") == 1
    assert value(metrics, "fogline_model_server_interpreters", model_name="tiny", version="1") >= 1
    assert value(metrics, "fogline_model_server_interpreters_busy", model_name="tiny") == 0
    assert value(metrics, "fogline_model_server_connections", entrypoint="REST") >= 1
    assert value(metrics, "fogline_model_server_calls_waiting") == 0
    statm = Path(f"/proc/{measured.process.pid}/statm").read_text().split()
    resident = int(statm[1]) * os.sysconf("SC_PAGE_SIZE")
    assert value(metrics, "process_resident_memory_bytes") == pytest.approx(resident, rel=0.2)
    ps = subprocess.run(
        ["ps", "-o", "etimes=", "-p", str(measured.process.pid)], check=True, capture_output=True, timeout=20
    )
    started = time.time() - int(ps.stdout)
    assert value(metrics, "process_start_time_seconds") == pytest.approx(started, abs=5)


def test_every_metric_that_is_declared_is_on_the_page() -> None:
    serving = Serving(Catalog({"m": ServedModel((), (VersionStatus(1, State.END),))}))
    metrics = families(page.page(serving.meter, serving.catalog).decode())
    assert {metric.name.removesuffix("_total") for metric in page.METRICS} == {*metrics}


def test_without_the_file_there_are_no_metrics(server: Server) -> None:
    assert server.rest("GET", monitoring.DEFAULT_PATH)[0] == 404


def test_a_latency_is_in_the_first_bucket_that_holds_it() -> None:
    histogram = Histogram()
    for microseconds in (10, 10.1, 18, 1e12):
        histogram.observe(microseconds / 1e6)
    counts, total = histogram.read()
    assert counts[:3] == [1, 3, 3]
    assert counts[-2:] == [3, 4]
    assert total == pytest.approx(10 + 10.1 + 18 + 1e12)
    assert len(LATENCY_BOUNDS) == 33
    assert LATENCY_BOUNDS[-1] / 60e6 == pytest.approx(24.6, abs=0.1)  # minutes


def test_no_observation_is_lost_between_threads() -> None:
    serving = Serving(Catalog({"m": ServedModel((), ())}))

    def observe() -> None:
        for _ in range(20_000):
            serving.observe("m", "Predict", "GRPC", None, 0.001)

    threads = [Thread(target=observe) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    metrics = families(page.page(serving.meter, serving.catalog).decode())
    assert value(metrics, ":tensorflow:serving:request_count", status="OK") == 80_000


def test_label_values_are_escaped() -> None:
    name = 'a"b\\c\nd'
    serving = Serving(Catalog({name: ServedModel((), ())}))
    serving.observe(name, "Predict", "GRPC", Code.INTERNAL, 0)
    metrics = families(page.page(serving.meter, serving.catalog).decode())
    assert value(metrics, ":tensorflow:serving:request_count", model_name=name, status="INTERNAL") == 1


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (ENABLED, "/monitoring/prometheus/metrics"),
        ('prometheus_config { enable: true path: "/metrics" }', "/metrics"),
        ('prometheus_config { path: "/metrics" }', None),
        ("", None),
    ],
)
def test_the_monitoring_file_says_whether_and_where(text: str, path: str | None, tmp_path: Path) -> None:
    file = tmp_path / "monitoring.txt"
    file.write_text(text)
    assert parse([f"--monitoring_config_file={file}"], {}).metrics_path == path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("prometheus_config { enabled: true }", "Error parsing text-format tensorflow.serving.Monitoring"),
        ('prometheus_config { enable: true path: "metrics" }', "must start with /"),
        ('prometheus_config { enable: true path: "/v1/models" }', "must start with / and not with /v1/"),
        (None, "No such file"),
    ],
)
def test_a_bad_monitoring_file_ends_with_two_and_says_why(
    text: str | None, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "monitoring.txt"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SystemExit) as ended:
        parse([f"--monitoring_config_file={file}"], {})
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err
