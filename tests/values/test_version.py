"""Versions of Kubernetes, as providers write them."""

import pytest

from fogline.cluster.version import Version, VersionInfo


@pytest.mark.parametrize(
    ("major", "minor", "version"),
    [("1", "35", (1, 35)), ("1", "34+", (1, 34)), ("2", "0", (2, 0)), ("", "", (0, 0))],
)
def test_the_sign_that_some_providers_add_to_the_minor_version_is_ignored(
    major: str, minor: str, version: tuple[int, int]
) -> None:
    assert VersionInfo(major, minor).version == version


def test_versions_compare_as_numbers() -> None:
    assert Version(1, 9) < Version(1, 30) < Version(1, 35) < Version(2, 0)
