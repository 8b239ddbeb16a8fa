"""Version folders on disk, and which of them a policy picks."""

from pathlib import Path

import pytest

from fogline_model_server.models.config import All, Latest, Policy, Specific
from fogline_model_server.models.folders import scan, wanted


def names(base: Path) -> dict[int, str]:
    found = scan(base)
    assert found is not None
    return {number: path.name for number, path in found.folders.items()}


def test_folders_with_numbers_are_versions_and_nothing_else(tmp_path: Path) -> None:
    for name in ("1", "00000123", "7.bak", "latest", "-3", "+4", "1e3", "٣", "99999999999999999999", ".8"):
        (tmp_path / name).mkdir()
    (tmp_path / "12").write_text("a file")
    assert names(tmp_path) == {1: "1", 123: "00000123"}


def test_of_two_folders_with_one_number_the_last_by_name_counts(tmp_path: Path) -> None:
    for name in ("7", "007", "07"):
        (tmp_path / name).mkdir()
    found = scan(tmp_path)
    assert found is not None
    assert found.folders == {7: tmp_path / "7"}
    assert [path.name for path in found.shadowed] == ["007", "07"]


def test_an_empty_base_path_is_not_one_that_cannot_be_read(tmp_path: Path) -> None:
    assert names(tmp_path) == {}
    assert scan(tmp_path / "missing") is None
    (tmp_path / "file").write_text("")
    assert scan(tmp_path / "file") is None


def test_a_link_to_a_folder_is_a_version(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "3").symlink_to("data")
    (tmp_path / "4").symlink_to("nowhere")
    assert names(tmp_path) == {3: "3"}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Latest(), [30]),
        (Latest(2), [5, 30]),
        (Latest(9), [1, 2, 5, 30]),
        (All(), [1, 2, 5, 30]),
        (Specific(frozenset({2, 5, 77})), [2, 5]),
        (Specific(frozenset()), []),
    ],
)
def test_a_policy_picks_versions(policy: Policy, expected: list[int]) -> None:
    folders = {number: Path(str(number)) for number in (5, 1, 30, 2)}
    assert sorted(wanted(folders, policy)) == expected
