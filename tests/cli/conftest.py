"""A folder with files for `fogline plan`."""

from pathlib import Path

import pytest
from tests.support.plan_files import MODEL, NODES


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with nodes.yaml and models.yaml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nodes.yaml").write_text(NODES)
    (tmp_path / "models.yaml").write_text(MODEL)
    return tmp_path
