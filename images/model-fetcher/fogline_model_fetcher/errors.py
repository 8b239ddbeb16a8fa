"""Why an artifact could not be brought. Each text is one sentence for the user.

No text holds a credential, the query of a URL or a path of this machine: it ends up in the status of the pod.
"""

from typing import ClassVar


class FetchError(Exception):
    """The artifact cannot be brought, and another try would not change that."""

    exit_code: ClassVar[int] = 1


class TransientError(FetchError):
    """The artifact could not be brought this time; the next try may succeed."""


class DigestError(FetchError):
    """What came is not what the digest promises."""


class TooBigError(FetchError):
    """The artifact has more bytes than are allowed."""


class UsageError(FetchError):
    """The command line, the environment or the credentials are wrong."""

    exit_code: ClassVar[int] = 2
