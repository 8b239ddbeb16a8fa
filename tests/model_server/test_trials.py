"""Models are tried in a child process: whatever they do to it, the server goes on."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from tests.support.tflite_files import counting, negating, tiling
from tests.support.wait import wait_for

from fogline_model_server.engines import EngineOptions, load
from fogline_model_server.engines.litert import pool_size
from fogline_model_server.engines.trials import Trials, spawned
from fogline_model_server.errors import LoadError

MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30
LONG_SECONDS = 60.0
MOST_TRIALS = 100
"""Until one is killed: on a busy machine some may be over before anybody looks."""
FREE = 256 * MEBIBYTE


@pytest.fixture(scope="module", autouse=True)
def _without_tensorflow() -> Iterator[None]:
    """Let new processes load LiteRT alone, whatever other tests have loaded: TensorFlow takes each 5 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "fogline_model_server.engines.tensorflow", raising=False)
        yield


@pytest.fixture(scope="module")
def trials() -> Iterator[Trials]:
    with closing(Trials(spawned(), LONG_SECONDS, lambda: FREE)) as made:
        yield made


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[bytes], int]]:
    descriptors: list[int] = []

    def open_file(content: bytes) -> int:
        file = tmp_path / f"{len(descriptors)}.tflite"
        file.write_bytes(content)
        descriptors.append(os.open(file, os.O_RDONLY))
        return descriptors[-1]

    yield open_file
    for descriptor in descriptors:
        os.close(descriptor)


def version(folder: Path, content: bytes) -> Path:
    folder.mkdir()
    (folder / "model.tflite").write_bytes(content)
    return folder


def children(process_id: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()]


def test_a_good_model_is_measured(trials: Trials, opened: Callable[[bytes], int]) -> None:
    measured = trials.tflite(opened(tiling(5_000_000)), 1).measured
    assert measured is not None
    assert 0 < measured.seconds_per_call < 5
    assert 20_000_000 <= measured.memory_bytes < 80_000_000  # five million numbers of four bytes


def test_a_model_that_asks_for_too_much_memory_is_refused(
    trials: Trials, opened: Callable[[bytes], int]
) -> None:
    with pytest.raises(LoadError, match="memory"):
        trials.tflite(opened(tiling(1_000_000_000)), 1)
    assert trials.tflite(opened(negating()), 1).measured


def test_a_broken_file_is_refused_with_the_reason(trials: Trials, opened: Callable[[bytes], int]) -> None:
    with pytest.raises(LoadError, match=r"the model file is no \.tflite file"):
        trials.tflite(opened(b"no model"), 1)


def test_a_model_that_takes_too_long_is_refused(opened: Callable[[bytes], int]) -> None:
    with (
        closing(Trials(spawned(), 0.001, lambda: FREE)) as hurried,
        pytest.raises(LoadError, match=r"longer than 0\.001 s"),
    ):
        hurried.tflite(opened(negating()), 1)


def test_a_killed_child_is_a_reason_and_not_the_end(opened: Callable[[bytes], int]) -> None:
    with closing(Trials(spawned(), LONG_SECONDS, lambda: 8 * GIBIBYTE)) as patient:
        assert patient.tflite(opened(negating()), 1).measured
        stop = threading.Event()

        def kill_every_child() -> None:
            while not stop.wait(0.001):
                for child in children(patient.process_id):
                    with suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)

        killer = threading.Thread(target=kill_every_child)
        killer.start()

        def try_again_and_again() -> None:
            for _ in range(MOST_TRIALS):
                patient.tflite(opened(tiling(100_000_000)), 1)

        try:
            with pytest.raises(LoadError, match="ended the process that tried it, with SIGKILL"):
                try_again_and_again()
        finally:
            stop.set()
            killer.join()
        assert patient.tflite(opened(negating()), 1).measured


def test_another_process_tries_when_the_first_one_was_killed(opened: Callable[[bytes], int]) -> None:
    with closing(Trials(spawned(), LONG_SECONDS, lambda: FREE)) as killed:
        assert killed.tflite(opened(negating()), 1).measured
        first = killed.process_id
        os.kill(first, signal.SIGKILL)
        assert killed.tflite(opened(negating()), 1).measured
        assert killed.process_id != first


def test_a_process_that_does_not_answer_is_replaced(
    opened: Callable[[bytes], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Trials(spawned(), LONG_SECONDS, lambda: FREE)) as stopped:
        assert stopped.tflite(opened(negating()), 1).measured
        first = stopped.process_id
        os.kill(first, signal.SIGSTOP)
        monkeypatch.setattr("fogline_model_server.engines.trials._REPLY_SECONDS", 0.1 - LONG_SECONDS)
        with pytest.raises(LoadError, match="does not answer"):
            stopped.tflite(opened(negating()), 1)
        assert stopped.process_id != first
        assert os.waitpid(first, 0)[1] == signal.SIGKILL


def test_a_process_that_never_gets_ready_is_replaced(
    opened: Callable[[bytes], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Trials(spawned(), LONG_SECONDS, lambda: FREE)) as late:
        first = late.process_id
        os.kill(first, signal.SIGSTOP)
        with monkeypatch.context() as impatient:
            impatient.setattr("fogline_model_server.engines.trials._START_SECONDS", 0.1)
            with pytest.raises(LoadError, match="does not answer"):
                late.tflite(opened(negating()), 1)
        assert late.tflite(opened(negating()), 1).measured
        assert late.process_id != first
        os.waitpid(first, 0)


async def test_the_process_ends_when_the_server_has_gone(opened: Callable[[bytes], int]) -> None:
    left = Trials(spawned(), LONG_SECONDS, lambda: FREE)
    assert left.tflite(opened(negating()), 1).measured
    process_id = left.process_id
    left.close()
    await wait_for(lambda: os.waitpid(process_id, os.WNOHANG)[0] == process_id, "the process ends")


def test_a_file_that_changes_while_it_is_tried_is_refused(tmp_path: Path, trials: Trials) -> None:
    folder = version(tmp_path / "1", negating())

    class Changing(Trials):
        def tflite(self, file: int, threads: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
            report = trials.tflite(file, threads)
            (folder / "model.tflite").write_bytes(counting())
            return report

    with (
        closing(Changing(spawned())) as changing,
        pytest.raises(LoadError, match="changed while it was loaded"),
    ):
        load(folder, EngineOptions(trials=changing))


@pytest.mark.parametrize(
    ("cores", "memory", "free", "size"),
    [
        (4, 10 * MEBIBYTE, 100 * GIBIBYTE, 4),
        (4, 170 * MEBIBYTE, 400 * MEBIBYTE, 2),
        (4, 170 * MEBIBYTE, 0, 1),
        (4, 0, 0, 4),
        (4, 170 * MEBIBYTE, None, 4),
    ],
    ids=["enough", "room for one more", "none left", "takes nothing", "nobody knows"],
)
def test_the_pool_fits_into_memory(cores: int, memory: int, free: int | None, size: int) -> None:
    assert pool_size(cores, memory, free) == size
