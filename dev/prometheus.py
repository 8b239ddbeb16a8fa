"""A real Prometheus on a loopback port, for whoever wants to ask it."""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dev import debian
from dev.errors import DevError
from dev.ports import free_port

PACKAGE = "prometheus"
START_SECONDS = 60.0
ASK_SECONDS = 30.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Target:
    """What is scraped."""

    job: str
    address: str
    """Host and port."""
    path: str = "/metrics"
    labels: Mapping[str, str] = field(default_factory=dict)
    """Set on every series, as relabelling does in a cluster."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running server."""

    url: str

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Ask for the values of now, with their labels.

        Raises
        ------
        DevError
            It is no PromQL.
        """
        found = self._ask("query", query=expression)
        if found["resultType"] == "scalar":
            return [({}, float(found["result"][1]))]
        return [(one["metric"], float(one["value"][1])) for one in found["result"]]

    def query_range(
        self, expression: str, start: float, end: float, step_seconds: float
    ) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """Ask for the values in a time, in seconds since 1970.

        Raises
        ------
        DevError
            It is no PromQL.
        """
        found = self._ask("query_range", query=expression, start=start, end=end, step=step_seconds)
        return [
            (one["metric"], [(float(at), float(value)) for at, value in one["values"]])
            for one in found["result"]
        ]

    def names(self) -> set[str]:
        """Return the names of all metrics that it has."""
        return set(self._ask("label/__name__/values"))

    def _ask(self, what: str, **parameters: object) -> Any:
        query = urllib.parse.urlencode(parameters)
        try:
            return json.loads(_get(f"{self.url}/api/v1/{what}?{query}"))["data"]
        except urllib.error.HTTPError as error:
            problem = json.load(error)["error"]
            raise DevError(f"Prometheus: {problem}", f"correct the query {parameters}") from error


def promtool() -> Path:
    """Return the program that checks and tests rules."""
    return debian.program(PACKAGE, "promtool")


@contextmanager
def running(
    folder: Path, targets: Iterable[Target], *, every_seconds: float = 1, rules: Path | None = None
) -> Iterator[Prometheus]:
    """Run a server that scrapes targets; it ends with the block.

    Parameters
    ----------
    folder
        Where it keeps its data and its log.
    every_seconds
        From one scrape, and one evaluation of the rules, to the next.

    Raises
    ------
    DevError
        It does not start.
    """
    configuration = folder / "prometheus.yaml"
    configuration.write_text(yaml.safe_dump(_configuration(targets, every_seconds, rules)))
    address = f"127.0.0.1:{free_port()}"
    command = [
        str(debian.program(PACKAGE, "prometheus")),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        server = Prometheus(f"http://{address}")
        _until_ready(server, process, folder / "prometheus.log")
        yield server
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _configuration(targets: Iterable[Target], every_seconds: float, rules: Path | None) -> dict[str, Any]:
    every = f"{round(1000 * every_seconds)}ms"
    return {
        "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
        "rule_files": [str(rules)] if rules else [],
        "scrape_configs": [
            {
                "job_name": one.job,
                "metrics_path": one.path,
                "static_configs": [{"targets": [one.address], "labels": dict(one.labels)}],
            }
            for one in targets
        ],
    }


def _until_ready(server: Prometheus, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            _get(f"{server.url}/-/ready")
        except OSError:
            time.sleep(_LOOK_SECONDS)
        else:
            return
    raise DevError("Prometheus does not start", f"look at {log}")


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=ASK_SECONDS) as answer:  # noqa: S310  always http, to loopback
        return answer.read()  # type: ignore[no-any-return]  # its type is of any kind of URL
