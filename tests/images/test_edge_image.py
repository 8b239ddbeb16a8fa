"""The edge image for arm64, made without Docker: what is in it, how large it is, and that it runs.

Its programs run under qemu-user, so nothing here tells how fast they are.
"""

import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from platform import machine

import numpy as np
import pytest
from dev import edgeroot, host, sbom
from dev.errors import DevError
from dev.images import IMAGES
from dev.paths import ROOT
from dev.ports import free_port
from dev.versions import RELEASED_PYTHON_IMAGE
from tests.support.model_server import Server, until_serving
from tests.support.tiny_models import tiny_models

ARCHITECTURE = "arm64"
REQUIRED = "FOGLINE_REQUIRE_E2E"
MOST_BYTES = 62_000_000
"""Of the compressed image at the fastest level; what a registry stores is 10 % smaller."""
CPUINFO = """processor\t: 0
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd07
CPU revision\t: 3
"""
"""qemu-user shows programs the processors of the host, which make LiteRT's look at them go wrong."""
END_SECONDS = 60


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("edge-image") / "root"
    try:
        edgeroot.make(ARCHITECTURE, folder)
    except DevError as error:
        if os.environ.get(REQUIRED):
            raise
        pytest.skip(str(error))
    yield folder
    shutil.rmtree(folder)


def test_it_is_small(root: Path, tmp_path: Path) -> None:
    layer = tmp_path / "layer.tar.gz"
    with tarfile.open(layer, "w:gz", compresslevel=1) as archive:
        archive.add(root, ".")
    assert layer.stat().st_size <= MOST_BYTES


def test_it_holds_no_shell_and_no_tool(root: Path) -> None:
    programs = {
        file.name for folder in ("usr/bin", "usr/sbin", "usr/local/bin") for file in root.glob(f"{folder}/*")
    }
    assert programs == {"python3", "python3.11"}
    assert not [*root.glob("bin/*"), *root.glob("sbin/*")]


def test_nothing_in_it_gains_rights(root: Path) -> None:
    special = [file for file in root.rglob("*") if not file.is_symlink() and file.stat().st_mode & 0o6000]
    assert special == []
    writable = {
        str(file.relative_to(root))
        for file in root.rglob("*")
        if not file.is_symlink() and file.stat().st_mode & 0o002
    }
    assert writable == {"tmp"}


def test_all_code_is_compiled_for_whatever_time_the_files_have(root: Path) -> None:
    sources = [*(root / "opt/fogline").rglob("*.py")]
    assert sources
    for source in sources:
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-311.pyc"
        assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01, compiled  # hash, unchecked


@contextmanager
def started(root: Path, base_path: Path, log: Path) -> Iterator[Server]:
    """Start the image's Python on the image's files, as a process of this machine."""
    ports = free_port(), free_port()
    opt = root / "opt/fogline"
    command = [
        *("qemu-aarch64", "-L", str(root), f"{root}/usr/bin/python3.11", "-m", "fogline_model_server"),
        *("--model_name=tiny", f"--model_base_path={base_path}"),
        *(f"--port={ports[0]}", f"--rest_api_port={ports[1]}"),
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONHOME": str(root / "usr"),
        "PYTHONPATH": f"{opt / 'package'}:{opt / 'libraries'}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        yield Server(process, *ports, log)
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        finally:
            process.kill()
            process.wait(END_SECONDS)


@pytest.mark.skipif(machine() != "x86_64", reason="arm64 is imitated on x86-64 only")
async def test_it_answers_by_grpc_and_rest(root: Path, tmp_path: Path) -> None:
    host.require({"qemu-aarch64": "qemu-user"})
    imitate_arm_processors(root)
    with started(root, tiny_models() / "plain", tmp_path / "log") as server:
        await until_serving(server)
        (doubled,) = server.predict({"x": np.ones((2, 2), np.float32)}).values()
        assert doubled.tolist() == [[2, 2], [2, 2]]
        assert server.rest_predict({"instances": [[1, 2]]}) == (200, {"predictions": [[2, 4]]})


def imitate_arm_processors(root: Path) -> None:
    processors = root / "sys/devices/system/cpu"
    processors.mkdir(parents=True, exist_ok=True)
    for name in ("possible", "present"):
        (processors / name).write_text("0\n")
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc/cpuinfo").write_text(CPUINFO)


def test_the_dockerfiles_start_from_the_base_that_is_written_down_once() -> None:
    folders = {image.folder for image in IMAGES if image.package}
    for folder in folders:
        text = (ROOT / "images" / folder / "Dockerfile").read_text()
        assert re.findall(r"^ARG BASE=(.*)$", text, re.MULTILINE) == [RELEASED_PYTHON_IMAGE], folder


def test_the_bill_of_materials_names_every_library_of_the_lock(tmp_path: Path) -> None:
    document = json.loads(sbom.write(edgeroot.EDGE_IMAGE, tmp_path).read_text())
    assert (document["bomFormat"], document["metadata"]["component"]["name"]) == ("CycloneDX", "model-server")
    lock = (ROOT / "requirements/model-server.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9.-]+)==([^ ;]+)", lock, re.MULTILINE))
    listed = {component["name"]: component.get("version") for component in document["components"]}
    assert locked.items() <= listed.items()
    assert listed.keys() - locked.keys() <= {"debian", "docker.io/library/python"}
