"""Options of the test run."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from tests.support.golden import compare_with_golden

settings.register_profile("fogline", deadline=None)  # a busy machine is no failure
settings.load_profile("fogline")

AssertGolden = Callable[[str, Any], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that rewrites golden files."""
    parser.addoption(
        "--update-golden", action="store_true", help="write what was built to tests/golden, and pass"
    )


@pytest.fixture
def assert_golden(pytestconfig: pytest.Config) -> AssertGolden:
    """Compare an object with its golden file, or with the flag rewrite the file."""
    update = bool(pytestconfig.getoption("--update-golden"))
    return lambda name, built: compare_with_golden(name, built, update=update)
