"""Bounds on what one request, or one model, may ask for, so that none ends the process."""

from dataclasses import dataclass

_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one request and on one model; what exceeds them is refused."""

    grpc_message_bytes: int = 32 * _MEBIBYTE
    """A gRPC request after decompression. One of many one-byte integers takes 16 times as much memory."""
    rest_body_bytes: int = 8 * _MEBIBYTE
    """A REST body after decompression. One of many empty strings or lists takes 50 times as much memory."""
    tensor_bytes: int = 32 * _MEBIBYTE
    """One input tensor. A single value may fill a whole shape: a short message can ask for a huge tensor."""
    examples: int = 100_000
    """Examples of one request for classification or regression. An empty one takes two bytes on the wire."""
    tensor_rank: int = 32
    """Dimensions of a tensor, which is also how deep lists may nest in JSON. NumPy can hold 64."""
    request_lines_per_second: int = 100
    """Requests that are written to the log, where that is wanted."""
    load_seconds: float = 120.0
    """The first load of a model version, in a process of its own, with one run of each signature."""
    model_file_bytes: int = (1 << 31) - 1
    """A .tflite file: offsets in it have 31 bits."""
    value_characters: int = 1000
    """How much of an offending JSON value an error message repeats."""
    message_characters: int = 2000
    """An error message."""
    connections: int = 1000
    """Open connections of one port; the next takes the place of one that is idle, or is closed at once."""
    streams: int = 128
    """Calls that one HTTP/2 connection may have open; clients let the next one wait."""
    header_bytes: int = 16 << 10
    """Names and values of all headers of a request."""
    header_count: int = 100
    """Headers of a request."""
    held_bytes: int = 128 * _MEBIBYTE
    """Requests of all connections of one port that are not answered yet."""
    queued_answer_bytes: int = 64 * _MEBIBYTE
    """Answers that one connection has not fetched yet, before it may ask for more."""
    waiting_calls: int = 1000
    """Requests that wait for a thread, or are in one."""
    control_frames_per_second: int = 1000
    """PING and SETTINGS frames of one HTTP/2 connection."""
    handshake_seconds: float = 10.0
    """For TLS, and for the first bytes of a connection."""
    header_seconds: float = 10.0
    """For all headers of a request, from their first byte on."""
    request_seconds: float = 60.0
    """For a whole request, from its headers on."""
    stall_seconds: float = 30.0
    """How long a client may fetch nothing of an answer."""
    idle_seconds: float = 600.0
    """How long a connection may stay without any request."""


LIMITS = Limits()
