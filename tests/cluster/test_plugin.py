"""The command line as users install it: a wheel in an environment of its own, where kubectl finds it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from dev.controlplane import ControlPlane
from dev.paths import ROOT
from dev.programs import program

UV = Path(sys.executable).with_name("uv")
Run = Callable[..., str]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it with nothing but what it asks for; gives the folder of the programs."""
    folder = tmp_path_factory.mktemp("installed")
    locked = re.findall(r"^[\w.-]+==[^\\\n]+", (ROOT / "requirements" / "dev.lock").read_text(), re.MULTILINE)
    (folder / "versions.txt").write_text("\n".join(locked))
    wheel = folder / f"fogline-{version('fogline')}-py3-none-any.whl"
    build: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        ROOT,
    ]
    python = folder / "env" / "bin" / "python"
    commands: list[list[str | Path]] = [
        [*build, "--wheel-dir", folder],
        [UV, "venv", folder / "env", "--python", sys.executable],
        [UV, "pip", "install", "--python", python, "-c", folder / "versions.txt", wheel],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
    return python.parent


@pytest.fixture
def kubectl_with_plugin(installed: Path, control_plane: ControlPlane, tmp_path: Path) -> Run:
    """Run kubectl with the programs on its PATH, and without any module or program of this checkout.

    kubectl ends with an error when it finds the same plugin twice, as where the .venv is activated.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [program("kubectl"), *arguments],
            env={
                **environment,
                "PATH": f"{installed}:{os.defpath}",
                "KUBECONFIG": str(control_plane.kubeconfig),
                "HOME": str(tmp_path),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_kubectl_finds_it_and_it_reaches_the_cluster_as_kubectl_does(kubectl_with_plugin: Run) -> None:
    assert "kubectl-fogline" in kubectl_with_plugin("plugin", "list")
    assert json.loads(kubectl_with_plugin("fogline", "top", "-o", "json"))["total"]["replicas"] >= 0
    assert "Usage: kubectl fogline top" in kubectl_with_plugin("fogline", "top", "-h")


def test_kubectl_completes_its_commands_and_options(kubectl_with_plugin: Run) -> None:
    commands = kubectl_with_plugin("__complete", "fogline", "ex").splitlines()
    assert [line.split("\t")[0] for line in commands] == ["explain", ":4"]
    assert kubectl_with_plugin("__complete", "fogline", "plan", "--opt").startswith("--optimise\t")
