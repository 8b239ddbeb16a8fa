"""What is kept between runs: keyed by content, made once, never half."""

from pathlib import Path

import pytest
from dev.cache import content_key, kept_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.py").write_text("a = 1\n")
    return source


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_equal_content_in_another_place_has_the_same_key(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "a.py").write_text("a = 1\n")
    assert content_key("text", folder) == content_key("text", copy)


def test_the_bytecode_of_a_run_does_not_change_the_key(folder: Path) -> None:
    before = content_key(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.pyc").write_text("bytecode")
    assert content_key(folder) == before


def test_content_name_and_mode_of_a_file_each_change_the_key(folder: Path) -> None:
    keys = [content_key(folder)]
    (folder / "a.py").write_text("a = 2\n")
    keys.append(content_key(folder))
    (folder / "a.py").rename(folder / "b.py")
    keys.append(content_key(folder))
    (folder / "b.py").chmod(0o700)
    keys.append(content_key(folder))
    assert len(set(keys)) == 4


def test_parts_are_told_apart_by_where_they_end() -> None:
    assert content_key("ab", "c") != content_key("a", "bc")


def test_a_folder_is_made_once() -> None:
    made: list[Path] = []

    def make(unfinished: Path) -> None:
        made.append(unfinished)
        (unfinished / "result").write_text("42")

    first, second = kept_folder("kind", "key", make), kept_folder("kind", "key", make)
    assert first == second
    assert (first / "result").read_text() == "42"
    assert len(made) == 1


def test_a_folder_whose_making_failed_is_made_again() -> None:
    def fail(unfinished: Path) -> None:
        (unfinished / "half").touch()
        raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError):
        kept_folder("kind", "key", fail)
    folder = kept_folder("kind", "key", lambda unfinished: (unfinished / "whole").touch())
    assert [file.name for file in folder.iterdir()] == ["whole"]
    assert [entry.name for entry in folder.parent.iterdir() if entry.is_dir()] == ["key"]
