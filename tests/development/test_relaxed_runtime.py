"""The runtime wrapper takes away what the host lacks, from containers and from commands in them."""

import importlib.util
import json
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest
from dev.engine import RELAXED_RUNTIME

PROCESS = {
    "args": ["sh"],
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1, "soft": 1}],
    "capabilities": {"bounding": ["CAP_SYS_ADMIN", "CAP_SYS_RESOURCE"], "ambient": []},
}
RELAXED = {"args": ["sh"], "capabilities": {"bounding": ["CAP_SYS_ADMIN"], "ambient": []}}


class BecameRuncError(Exception):
    """In place of the program that would go on."""


@pytest.fixture
def wrapper(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    loader = SourceFileLoader("relaxed_runtime", str(RELAXED_RUNTIME))
    specification = importlib.util.spec_from_loader("relaxed_runtime", loader)
    assert specification is not None
    module = importlib.util.module_from_spec(specification)
    loader.exec_module(module)

    def execv(program: str, arguments: list[str]) -> None:
        raise BecameRuncError(program, arguments)

    monkeypatch.setattr(module.os, "execv", execv)
    return module


@pytest.mark.parametrize("form", [["--bundle", "{}"], ["-b", "{}"], ["--bundle={}"]])
def test_a_container_is_relaxed(wrapper: ModuleType, tmp_path: Path, form: list[str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"process": PROCESS, "hostname": "a"}))
    arguments = ["create", *(part.format(tmp_path) for part in form), "id"]
    with pytest.raises(BecameRuncError) as runc:
        wrapper.main(arguments)
    assert runc.value.args == ("/usr/sbin/runc", ["/usr/sbin/runc", *arguments])
    assert json.loads((tmp_path / "config.json").read_text()) == {"process": RELAXED, "hostname": "a"}


def test_a_command_in_a_container_is_relaxed(wrapper: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "process.json").write_text(json.dumps(PROCESS))
    with pytest.raises(BecameRuncError):
        wrapper.main(["exec", "--process", str(tmp_path / "process.json"), "id"])
    assert json.loads((tmp_path / "process.json").read_text()) == RELAXED


def test_other_commands_pass_unchanged(wrapper: ModuleType) -> None:
    with pytest.raises(BecameRuncError):
        wrapper.main(["state", "id"])
