"""How much a file may become in memory."""

from fogline_trainer.errors import Reason, RefusedError


def check(needed_bytes: int, max_bytes: int) -> None:
    """Refuse what would not fit.

    Raises
    ------
    RefusedError
        InputTooLarge.
    """
    if needed_bytes > max_bytes:
        raise RefusedError(
            Reason.TOO_LARGE,
            f"the samples take {needed_bytes} bytes in memory, allowed are {max_bytes}: give fewer "
            "samples, or "
            "smaller numbers (uint8 and float32 are kept as they are)",
        )
