"""The digits network, trained and exported once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from examples.digits.data import Digits, load
from examples.digits.export import export
from examples.digits.train import MODEL_FILE, train
from tests.support.s3_server import S3Server, run_s3_server


@pytest.fixture(scope="session")
def splits() -> tuple[Digits, Digits]:
    return load()


@pytest.fixture(scope="session")
def network(splits: tuple[Digits, Digits]) -> Any:
    return train(splits[0])


@pytest.fixture(scope="session")
def exported(network: Any, splits: tuple[Digits, Digits], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the network and its two forms; tests only read it."""
    out = tmp_path_factory.mktemp("digits")
    network.save(out / MODEL_FILE)
    export(network, splits[1].pixels, out)
    return out


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with run_s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server
