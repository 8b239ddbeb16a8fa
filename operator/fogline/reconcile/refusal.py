"""What keeps us from writing an object."""

from dataclasses import dataclass

from fogline.conditions import Reason


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an object of a model cannot be written: the API server, or another owner, is against it."""

    reason: Reason
    message: str
