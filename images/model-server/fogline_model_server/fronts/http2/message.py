"""Messages of gRPC in the body of a request: a flag, a length of four bytes and the message itself.

Error texts are those of grpcio where it has any.
"""

import zlib

from fogline_model_server.errors import Code, ServingError
from fogline_model_server.limits import LIMITS

PREFIX_BYTES = 5
_WINDOW_BITS = {b"gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}


def framed(message: bytes) -> bytes:
    """Return the body that holds one message, not compressed."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def check_size(body: bytes | bytearray) -> None:
    """Refuse a message as soon as its prefix says that it is too large, before the rest is held in memory.

    Raises
    ------
    ServingError
        RESOURCE_EXHAUSTED, or UNIMPLEMENTED when more than one message comes.

    """
    if len(body) < PREFIX_BYTES:
        return
    size = int.from_bytes(body[1:PREFIX_BYTES], "big")
    if size > LIMITS.grpc_message_bytes:
        limit = LIMITS.grpc_message_bytes
        raise ServingError(
            Code.RESOURCE_EXHAUSTED, f"SERVER: Received message larger than max ({size} vs. {limit})"
        )
    if len(body) > PREFIX_BYTES + size:
        raise _not_one()


def unframed(body: bytes | bytearray, encoding: bytes) -> bytes:
    """Return the one message of a complete body.

    Parameters
    ----------
    encoding
        Of ``grpc-encoding``: what a compressed message is compressed with.

    Raises
    ------
    ServingError
        UNIMPLEMENTED: not exactly one whole message. INTERNAL: not compressed as it says. RESOURCE_EXHAUSTED:
        too large when decompressed. Else as `check_size`.

    """
    check_size(body)
    if len(body) < PREFIX_BYTES or len(body) != PREFIX_BYTES + int.from_bytes(body[1:PREFIX_BYTES], "big"):
        raise _not_one()
    flag = body[0]
    if flag == 0:
        return bytes(body[PREFIX_BYTES:])
    if flag != 1:
        raise ServingError(Code.INTERNAL, f"unknown flags of a message: {flag}")
    bits = _WINDOW_BITS.get(encoding)
    if bits is None:
        raise ServingError(Code.INTERNAL, "Compression bit set but no encoding configured")
    return _decompressed(bytes(body[PREFIX_BYTES:]), bits)


def _decompressed(packed: bytes, bits: int) -> bytes:
    decompressor = zlib.decompressobj(bits)
    try:
        message = decompressor.decompress(packed, LIMITS.grpc_message_bytes + 1)
    except zlib.error as error:
        raise ServingError(Code.INTERNAL, "Decompression failed due to zlib error") from error
    if len(message) > LIMITS.grpc_message_bytes:
        raise ServingError(Code.RESOURCE_EXHAUSTED, "Decompressed message larger than max")
    if not decompressor.eof or decompressor.unused_data:
        raise ServingError(Code.INTERNAL, "Decompression failed due to zlib error")
    return message


def _not_one() -> ServingError:
    # The code that gRPC's list of status codes gives for a wrong number of messages.
    return ServingError(Code.UNIMPLEMENTED, "The method requires exactly one request message.")
