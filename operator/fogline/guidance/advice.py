"""What people are told of one reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guidance:
    """What a reason tells, and what to do."""

    meaning: str
    action: str = "nothing"
    """What makes it go away; "nothing" where all is well, or where it goes away by itself."""
