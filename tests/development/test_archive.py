"""Image archives are what kind and containerd read, and the same for the same content."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from dev.archive import Image, write_archive


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "program"
    file.write_text("binary")
    return file


@pytest.fixture
def base(tmp_path: Path, program: Path) -> Path:
    tar = tmp_path / "base.tar"
    with tarfile.open(tar, "w") as writer:
        writer.add(program, "etc/os-release")
    return tar


def read(archive: Path, name: str) -> Any:
    with tarfile.open(archive) as tar:
        file = tar.extractfile(name)
        assert file is not None
        return json.load(file)


def test_the_list_of_all_tags_comes_first_where_kind_looks_for_it(tmp_path: Path, program: Path) -> None:
    images = [Image(f"registry.example/{name}:v1", (f"/{name}",), {f"/{name}": program}) for name in "ab"]
    write_archive(tmp_path / "images.tar", images)
    with tarfile.open(tmp_path / "images.tar") as tar:
        assert tar.getnames()[0] == "repositories"
    assert set(read(tmp_path / "images.tar", "repositories")) == {"registry.example/a", "registry.example/b"}


def test_a_base_that_two_images_share_is_stored_once(tmp_path: Path, program: Path, base: Path) -> None:
    images = [Image(f"{name}:v1", (f"/{name}",), {f"/{name}": program}, base=base) for name in ("one", "two")]
    write_archive(tmp_path / "images.tar", images)
    layers = [entry["Layers"] for entry in read(tmp_path / "images.tar", "manifest.json")]
    assert layers[0][0] == layers[1][0]
    with tarfile.open(tmp_path / "images.tar") as tar:
        assert tar.getnames().count(layers[0][0]) == 1
        assert {name for pair in layers for name in pair} <= set(tar.getnames())


def test_files_lie_in_folders_and_can_be_run_by_anyone(tmp_path: Path, program: Path) -> None:
    write_archive(tmp_path / "images.tar", [Image("a:v1", ("/a",), {"/usr/local/bin/a": program})])
    layer = read(tmp_path / "images.tar", "manifest.json")[0]["Layers"][0]
    with tarfile.open(tmp_path / "images.tar") as outer:
        inner = outer.extractfile(layer)
        assert inner is not None
        with tarfile.open(fileobj=inner) as tar:
            modes = {entry.name: oct(entry.mode) for entry in tar}
    folders = {"usr": "0o755", "usr/local": "0o755", "usr/local/bin": "0o755", "tmp": "0o1777"}
    assert modes == {**folders, "usr/local/bin/a": "0o755"}


def test_equal_input_gives_equal_images(tmp_path: Path, program: Path) -> None:
    for name in ("first", "second"):
        write_archive(tmp_path / f"{name}.tar", [Image("a:v1", ("/a",), {"/a": program})])
    assert read(tmp_path / "first.tar", "manifest.json") == read(tmp_path / "second.tar", "manifest.json")
