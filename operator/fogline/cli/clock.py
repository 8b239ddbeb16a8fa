"""The clock of the command line."""

from datetime import UTC, datetime


def now() -> datetime:
    """Give the time, for what is valid only until some moment."""
    return datetime.now(UTC)  # noqa: TID251  an edge: decisions get the clock as an argument
