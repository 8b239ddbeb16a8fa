"""Options of the test run."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from tests.support.golden import compare_with_golden
from tests.support.scheduling import Scheduling, long_ones_first

settings.register_profile("fogline", deadline=None)  # a busy machine is no failure
settings.load_profile("fogline")

AssertGolden = Callable[[str, Any], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that rewrites golden files."""
    parser.addoption(
        "--update-golden", action="store_true", help="write what was built to tests/golden, and pass"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    long_ones_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    """Say how files are shared out among workers."""
    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture
def assert_golden(pytestconfig: pytest.Config) -> AssertGolden:
    """Compare an object with its golden file, or with the flag rewrite the file."""
    update = bool(pytestconfig.getoption("--update-golden"))
    return lambda name, built: compare_with_golden(name, built, update=update)
