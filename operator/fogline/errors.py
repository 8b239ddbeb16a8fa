"""Errors of Fogline. They carry fields and know no framework; edges make exit codes and logs of them."""


class FoglineError(Exception):
    """Base of every error that Fogline raises on purpose."""


class BadInputError(FoglineError):
    """Something a user wrote cannot be used.

    Parameters
    ----------
    message
        What is wrong and what is allowed, in one sentence.
    field
        Path of the field, such as ``spec.replicas``; empty when no single field is at fault.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.message = message
        self.field = field


class MissingExtraError(FoglineError):
    """A library that is installed on request only is not there.

    Parameters
    ----------
    extra
        Name of the extra of the package that brings it.
    purpose
        What needs it.
    """

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs more libraries: pip install 'fogline[{extra}]'")
        self.extra = extra


class ApiError(FoglineError):
    """The API server refused a call, or could not be reached.

    Parameters
    ----------
    status
        HTTP status; 0 when no answer came.
    reason
        The server's token, such as ``Conflict``.
    message
        The server's text.
    causes
        ``details.causes`` of the answer.
    """

    def __init__(
        self, status: int, reason: str, message: str, causes: tuple[dict[str, str], ...] = ()
    ) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = causes


class NotFoundError(ApiError):
    """404: the object does not exist."""


class ConflictError(ApiError):
    """409: another writer was faster, or another field manager owns a field."""


class GoneError(ApiError):
    """410: the resourceVersion is too old; list again."""


class ChangedMeanwhileError(ApiError):
    """422 without causes: a test in a JSON patch failed. Read again and decide again."""


class InvalidError(ApiError):
    """422 with causes: the API server or a policy refuses the content."""


class TooManyRequestsError(ApiError):
    """429: the server, or a disruption budget, asks to wait.

    Parameters
    ----------
    retry_after_seconds
        What the server asked for; None when it did not say.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        causes: tuple[dict[str, str], ...] = (),
        *,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(429, reason, message, causes)
        self.retry_after_seconds = retry_after_seconds


class UnavailableError(ApiError):
    """5xx, a dropped connection or no answer in time."""


class HeldBackError(UnavailableError):
    """Nothing may be written at present, so the call was not sent. It may be over the next time.

    Parameters
    ----------
    why
        What is in the way.
    """

    def __init__(self, why: str) -> None:
        super().__init__(0, "HeldBack", why)
