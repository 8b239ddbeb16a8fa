"""Folders as pods have them."""

from pathlib import Path

import pytest
from tests.support.trainer import Pods


@pytest.fixture
def pods(tmp_path: Path) -> Pods:
    return Pods(tmp_path)
