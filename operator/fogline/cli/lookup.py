"""Finding what a user names, or telling what is there instead."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from fogline.errors import BadInputError


def refuse_unknown(what: str, names: Iterable[str], known: Collection[str]) -> None:
    """Check that everything that is named is there.

    Raises
    ------
    BadInputError
        Something is not; the error names the closest.
    """
    for name in names:
        if name not in known:
            closest = get_close_matches(name, known, n=1, cutoff=0)
            hint = f"the closest name is {closest[0]}" if closest else f"there is no {what} at all"
            raise BadInputError(f"there is no {what} {name}; {hint}")
