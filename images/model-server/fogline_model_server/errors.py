"""The one error that reaches clients, and the codes it can carry."""

from enum import IntEnum

from fogline_model_server.limits import LIMITS


class Code(IntEnum):
    """Canonical status codes; gRPC and TensorFlow number them alike."""

    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class ServingError(Exception):
    """A request cannot be answered; the front end turns it into a gRPC or an HTTP status.

    Parameters
    ----------
    code
        What kind of error it is.
    message
        For the client, in the words of TensorFlow Serving where it has any. Cut at the limit: it travels in
        HTTP headers, and names that a client made up are in it.

    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message[: LIMITS.message_characters]

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"


class LoadError(Exception):
    """A model version cannot be loaded.

    Parameters
    ----------
    reason
        Without paths: clients read it in GetModelStatus.
    final
        Whether trying again cannot help, whatever happens to the files.

    """

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class ConfigError(Exception):
    """A file that a flag names cannot be used; the text says which one and why."""


def invalid_argument(message: str) -> ServingError:
    """Return the most frequent error: the request itself is wrong."""
    return ServingError(Code.INVALID_ARGUMENT, message)
