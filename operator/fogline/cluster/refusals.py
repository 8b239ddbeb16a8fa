"""Refusals of the API server, as errors with their fields."""

from http import HTTPStatus

import msgspec

from fogline.errors import (
    ApiError,
    ChangedMeanwhileError,
    ConflictError,
    GoneError,
    InvalidError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
)

MOST_QUOTED = 500
"""Bytes of an answer that are quoted where it is no Status."""
_ERROR_OF_CODE: dict[int, type[ApiError]] = {
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.GONE: GoneError,
}


class _Cause(msgspec.Struct):
    reason: str = ""
    message: str = ""
    field: str = ""


class _Details(msgspec.Struct, rename="camel"):
    causes: list[_Cause] | None = None


class Status(msgspec.Struct):
    """The document that the API server sends instead of what was asked for."""

    code: int = 0
    reason: str = ""
    message: str = ""
    details: _Details | None = None


def error_from_body(code: int, body: bytes, retry_after: str | None = None) -> ApiError:
    """Turn an answer of 400 or above into an error; `retry_after` is the header of that name."""
    try:
        status = msgspec.json.decode(body, type=Status)
    except msgspec.DecodeError:
        status = Status()
    if not status.message:  # not from the API server itself, but from something that it handed the call on to
        status = msgspec.structs.replace(status, message=body[:MOST_QUOTED].decode(errors="replace").strip())
    return error_from_status(code, status, retry_after)


def error_from_status(code: int, status: Status, retry_after: str | None = None) -> ApiError:
    """Choose the error by the code and by whether the server names causes."""
    details = status.details or _Details()
    causes = tuple(
        {"reason": cause.reason, "message": cause.message, "field": cause.field}
        for cause in details.causes or ()
    )
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        seconds = float(retry_after) if retry_after and retry_after.isdecimal() else None
        return TooManyRequestsError(status.reason, status.message, causes, retry_after_seconds=seconds)
    return _error_class(code, has_causes=bool(causes))(code, status.reason, status.message, causes)


def _error_class(code: int, *, has_causes: bool) -> type[ApiError]:
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return UnavailableError
    if code == HTTPStatus.UNPROCESSABLE_ENTITY:
        return InvalidError if has_causes else ChangedMeanwhileError
    return _ERROR_OF_CODE.get(code, ApiError)
