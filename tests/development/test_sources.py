"""The user decides, if they like, whether a registry is used."""

from collections.abc import Iterator

import pytest
from dev.errors import DevError
from dev.sources import OVERRIDE, registry_reachable


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    registry_reachable.cache_clear()
    yield
    registry_reachable.cache_clear()


@pytest.mark.parametrize(("choice", "answer"), [("yes", True), ("no", False)])
def test_the_variable_decides_without_asking_the_network(
    monkeypatch: pytest.MonkeyPatch, choice: str, *, answer: bool
) -> None:
    monkeypatch.setenv(OVERRIDE, choice)
    assert registry_reachable() is answer


def test_another_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OVERRIDE, "maybe")
    with pytest.raises(DevError, match="yes or no"):
        registry_reachable()
