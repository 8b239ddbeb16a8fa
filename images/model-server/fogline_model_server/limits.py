"""Bounds on what one request may ask for, so that no request ends the process."""

from dataclasses import dataclass

_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one request; what exceeds them is refused."""

    grpc_message_bytes: int = 32 * _MEBIBYTE
    """A gRPC request after decompression. One of many one-byte integers takes 16 times as much memory."""
    rest_body_bytes: int = 8 * _MEBIBYTE
    """A REST body after decompression. One of many empty strings or lists takes 50 times as much memory."""
    tensor_bytes: int = 32 * _MEBIBYTE
    """One input tensor. A single value may fill a whole shape: a short message can ask for a huge tensor."""
    tensor_rank: int = 32
    """Dimensions of a tensor, which is also how deep lists may nest in JSON. NumPy can hold 64."""
    value_characters: int = 1000
    """How much of an offending JSON value an error message repeats."""
    message_characters: int = 2000
    """An error message."""


LIMITS = Limits()
