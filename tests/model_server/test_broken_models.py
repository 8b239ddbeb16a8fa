"""Thousands of broken model files: none gets past the server's own checks, none ends the server."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.tflite_files import counting, negating, tiling

import fogline_model_server.engines.litert  # noqa: F401  the process that tries models then has it too
from fogline_model_server.engines.precheck import precheck
from fogline_model_server.engines.trials import Trials, spawned
from fogline_model_server.errors import LoadError

CHECKED = 30_000
TRIED = 300
"""Of those that pass the check: LiteRT itself loads them, each in a child of its own."""
LOUD = (0, 1, 127, 128, 255)
"""Bytes that often make a number wrong."""
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def originals(models: Path) -> tuple[bytes, ...]:
    converted = next(models.glob("plain/*/*.tflite")).read_bytes()
    return (converted, negating(), counting(), tiling(3))


def broken(originals: tuple[bytes, ...], seed: int) -> Iterator[bytes]:
    """Yield files with up to four wrong bytes; one in twenty is cut too."""
    numbers = random.Random(seed)  # noqa: S311  the same files each time
    while True:
        content = bytearray(numbers.choice(originals))
        if numbers.random() < 0.05:
            del content[numbers.randrange(1, len(content)) :]
        for _ in range(numbers.randint(1, 4)):
            content[numbers.randrange(len(content))] = numbers.choice((*LOUD, numbers.randrange(256)))
        yield bytes(content)


def memory_file(content: bytes) -> int:
    """Return a descriptor of a file that is in memory only."""
    file = os.memfd_create("model")
    os.write(file, content)
    return file


def passes(content: bytes) -> bool:
    """Tell whether a file passes the check; anything but a refusal is an error of the test."""
    try:
        precheck(content)
    except LoadError:
        return False
    return True


def test_no_broken_file_makes_the_check_fail_in_another_way_than_by_a_refusal(
    originals: tuple[bytes, ...],
) -> None:
    files = broken(originals, seed=5)
    passed = sum(passes(next(files)) for _ in range(CHECKED))
    assert 0 < passed < CHECKED / 4


def test_broken_files_that_pass_the_check_end_no_more_than_the_child(originals: tuple[bytes, ...]) -> None:
    trials = Trials(spawned(), 30, lambda: 256 * MEBIBYTE)
    good = memory_file(originals[0])
    refused = 0
    files = (content for content in broken(originals, seed=6) if passes(content))
    for _ in range(TRIED):
        file = memory_file(next(files))
        try:
            trials.tflite(file, 1)
        except LoadError:
            refused += 1
        finally:
            os.close(file)
    first = trials.process_id
    assert trials.tflite(good, 1).measured
    assert trials.process_id == first
    assert 0 < refused < TRIED
    os.close(good)
    trials.close()
