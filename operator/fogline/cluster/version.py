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


class Release(NamedTuple):
    """A version with its patch level."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"{self.major}.{self.minor}.{self.patch}"


OLDEST = Version(1, 30)
"""The oldest version that is supported."""


class VersionInfo(msgspec.Struct, frozen=True, rename="camel"):
    """What the API server answers on ``/version``."""

    major: str
    minor: str
    git_version: str = ""
    """Such as ``v1.34.4`` or ``v1.33.5-gke.1080000``."""

    @property
    def version(self) -> Version:
        """The minor version. Some providers add a sign: Amazon and Google write ``34+``."""
        return Version(*(int(re.sub("[^0-9]", "", text) or 0) for text in (self.major, self.minor)))

    @property
    def release(self) -> Release | None:
        """The version with its patch level; None when it does not say one."""
        found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", self.git_version)
        return Release(*map(int, found.groups())) if found else None
