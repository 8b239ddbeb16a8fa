"""Many broken requests, and requests made from the description of the REST API."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.support.model_server import Server
from tests.support.tiny_models import tiny_models

ROOT = Path(__file__).parents[3]
REQUESTS = 100_000
GUIDED_RUNS = 10_000
"""For each parser, guided by the lines that they reach."""
SEED = 20
MOST_MEBIBYTES = 300
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
WAYS_OUT = {
    *("REST 200", "REST 400", "REST 404", "gRPC OK", "gRPC undecodable"),
    *("gRPC INVALID_ARGUMENT", "gRPC NOT_FOUND", "gRPC FAILED_PRECONDITION"),
}


def test_no_broken_request_ends_the_process_or_is_answered_with_a_mistake_of_ours() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.fuzzing", tiny_models(), str(REQUESTS), str(SEED)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    report = json.loads(done.stdout)
    assert sum(report["outcomes"].values()) == REQUESTS
    assert report["peak_mebibytes"] < MOST_MEBIBYTES
    assert report["outcomes"].keys() >= WAYS_OUT


@pytest.mark.skipif(not find_spec("atheris"), reason="atheris is for x86_64 only")
@pytest.mark.parametrize("target", ["model-file", "rest-body", "grpc-message"])
def test_no_line_of_a_parser_can_be_reached_by_bytes_that_it_does_not_expect(target: str) -> None:
    done = subprocess.run(
        [
            # Linux counts what a parent held as the peak of what it starts; a shell holds little.
            *("sh", "-c", '"$@"; exit $?', "sh"),
            *(sys.executable, "-m", "tests.support.coverage_fuzzing"),
            *(target, tiny_models(), str(GUIDED_RUNS), str(SEED)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert f"Done {GUIDED_RUNS} runs" in done.stderr


def test_answers_are_what_the_description_of_the_api_says(rest_target: Server, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "run", ROOT / "docs/openapi.yaml"),
            *("--url", f"http://127.0.0.1:{rest_target.rest_port}", "--checks", CHECKS),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--seed", str(SEED)),
            *("--generation-database", "none", "--suppress-health-check", "all", "--no-color"),
        ],
        cwd=tmp_path,  # it leaves notes where it runs
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
