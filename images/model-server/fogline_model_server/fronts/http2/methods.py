"""The methods of the API, from bytes to bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from fogline_model_server import log, wire
from fogline_model_server.answers.table import ANSWERS, INFORMING, WAITING, WATCHING, Answer, services
from fogline_model_server.errors import Code, ServingError
from fogline_model_server.messages import message_class
from fogline_model_server.serving import Serving

_SPEC_TAG, _ONE_BYTE_LENGTH = 0x0A, 0x80


@dataclass(frozen=True, slots=True)
class Method:
    """One method."""

    name: str
    """``package.Service/Method``."""
    answer: Callable[[bytes], bytes]
    """From a request message to a response message; raises nothing but ServingError."""
    informs: bool = False
    """No model runs, so the answer never takes long."""
    watches: bool = False
    """The call goes on: the client hears the answer anew whenever it has changed."""

    waits: bool = False
    """It waits for something else, for long, and must not keep a thread from requests meanwhile."""

    def kind(self, message: bytes) -> tuple[object, ...]:
        """Return what requests have in common that take about the same time: method, ModelSpec and size.

        The ModelSpec is the first field of all requests, and comes first.
        """
        spec = b""
        if len(message) > 1 and message[0] == _SPEC_TAG and message[1] < _ONE_BYTE_LENGTH:
            spec = message[2 : 2 + message[1]]
        return self.name, spec, len(message).bit_length()


def methods(serving: Serving, predictor: wire.Predictor) -> Mapping[bytes, Method]:
    """Return all methods by their paths."""
    found = {}
    for service in services(serving):
        for method in service.methods:
            name = f"{service.full_name}/{method.name}"
            answer = _through_messages(serving, message_class(method.input_type), ANSWERS[name])
            if name == wire.PREDICT:
                answer = predictor.answer
            found[f"/{name}".encode()] = Method(
                name,
                _guarded(name, answer),
                informs=name in INFORMING,
                watches=name in WATCHING,
                waits=name in WAITING,
            )
    return found


def _through_messages(serving: Serving, request_class: Any, answer: Answer) -> Callable[[bytes], bytes]:
    def through(message: bytes) -> bytes:
        answered: bytes = answer(serving, request_class.FromString(message)).SerializeToString()
        return answered

    return through


def _guarded(name: str, answer: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Turn every other exception into an answer: no request may take the connection down."""

    def guarded(message: bytes) -> bytes:
        try:
            return answer(message)
        except ServingError:
            raise
        except DecodeError as error:
            raise ServingError(Code.INTERNAL, "Exception deserializing request!") from error
        except Exception as error:
            log.unexpected("request failed", error, method=name)
            raise ServingError(Code.INTERNAL, "internal error") from error

    return guarded
