"""The digits network, trained and exported once for each state of the example."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dev import digits
from examples.digits.data import Digits, load
from tests.support.s3_server import S3Server, run_s3_server


@pytest.fixture(scope="session")
def splits() -> tuple[Digits, Digits]:
    return load()


@pytest.fixture(scope="session")
def exported() -> Path:
    """Return a folder with the network and its two forms; tests only read it."""
    return digits.trained()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with run_s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server
