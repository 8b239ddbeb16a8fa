"""The version of Kubernetes that an API server reports."""

import re
from typing import NamedTuple

import msgspec


class Version(NamedTuple):
    """A minor version; versions compare as one expects."""

    major: int
    minor: int

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"{self.major}.{self.minor}"


OLDEST = Version(1, 30)
"""The oldest version that is supported."""


class VersionInfo(msgspec.Struct, frozen=True):
    """What the API server answers on ``/version``."""

    major: str
    minor: str

    @property
    def version(self) -> Version:
        """The minor version. Some providers add a sign: Amazon and Google write ``34+``."""
        return Version(*(int(re.sub("[^0-9]", "", text) or 0) for text in (self.major, self.minor)))
