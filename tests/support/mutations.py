"""Broken input from good input, the same for the same seed."""

from collections.abc import Callable, Sequence
from random import Random

Mutation = Callable[[Random, bytes, Sequence[bytes]], bytes]

TOKENS = (
    *(b"NaN", b"-Infinity", b"1e999", b"-0", b"18446744073709551616", b"0.1", b"null", b"true", b'""', b"{}"),
    *(b"[" * 40, b"]" * 40, b'{"b64":"!"}', b'{"b64":"AA"}', b'"\\ud800"', b"\xff\xfe", b",", b":", b'"'),
    *(b'"instances":', b'"inputs":', b'"signature_name":', b'"examples":', b'"context":', b"\x00"),
)
"""What JSON parsers and those who use them stumble over."""
VARINTS = (b"\x00", b"\x7f", b"\xff\xff\xff\xff\x07", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
"""Lengths and numbers of protobuf at their bounds: 0, 127, 2^31 - 1 and -1."""


def mutated(random: Random, seeds: Sequence[bytes], mutations: Sequence[Mutation]) -> bytes:
    """Return one of the seeds with one to four changes."""
    text = random.choice(seeds)
    for _ in range(random.choice((1, 1, 2, 4))):
        text = random.choice(mutations)(random, text, seeds)
    return text


def flip_a_bit(random: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    """Change one bit."""
    if not text:
        return text
    at = random.randrange(len(text))
    return text[:at] + bytes([text[at] ^ 1 << random.randrange(8)]) + text[at + 1 :]


def cut(random: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    """End too early."""
    return text[: random.randint(0, len(text))]


def leave_out(random: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    """Lose up to 8 bytes."""
    at = random.randint(0, len(text))
    return text[:at] + text[at + random.randint(1, 8) :]


def repeat(random: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    """Have a part several times."""
    start = random.randint(0, len(text))
    end = min(len(text), start + random.randint(1, 64))
    return text[:end] + text[start:end] * random.randint(1, 20) + text[end:]


def join(random: Random, text: bytes, seeds: Sequence[bytes]) -> bytes:
    """Go on with another seed."""
    other = random.choice(seeds)
    return text[: random.randint(0, len(text))] + other[random.randint(0, len(other)) :]


def insert_token(random: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    """Put a token of JSON somewhere, in place of up to 4 bytes."""
    at = random.randint(0, len(text))
    return text[:at] + random.choice(TOKENS) + text[at + random.randint(0, 4) :]


def insert_varint(random: Random, text: bytes, _: Sequence[bytes]) -> bytes:
    """Put a number of protobuf somewhere, in place of up to 4 bytes."""
    at = random.randint(0, len(text))
    return text[:at] + random.choice(VARINTS) + text[at + random.randint(0, 4) :]


ANY: tuple[Mutation, ...] = (flip_a_bit, cut, leave_out, repeat, join)
JSON: tuple[Mutation, ...] = (*ANY, insert_token, insert_token)
PROTOBUF: tuple[Mutation, ...] = (*ANY, insert_varint, insert_varint)
