"""``fogline predict``: what counts as a request."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from fogline.cli import main
from fogline.cli.predict import read_request


@pytest.mark.parametrize("data", ["[[1, 2]]", '{"instances": [[1, 2]]}'])
def test_a_list_is_the_instances_of_a_request(data: str) -> None:
    assert read_request(data) == {"instances": [[1, 2]]}


def test_a_request_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text('{"inputs": {"x": [1]}, "signature_name": "other"}')
    assert read_request(f"@{file}") == {"inputs": {"x": [1]}, "signature_name": "other"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("[1,", "is no JSON"),
        ("{}", "either instances or inputs"),
        ('{"inputs": 1, "instances": 1}', "either instances or inputs"),
        ("3", "either instances or inputs"),
        ("@/nowhere", "/nowhere cannot be read"),
    ],
)
def test_what_is_no_request_is_refused_before_anybody_is_asked(data: str, why: str) -> None:
    result = CliRunner().invoke(main, ["predict", "digits", data, "--kubeconfig=/nowhere"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert why in result.stderr
