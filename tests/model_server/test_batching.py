"""Calls that overlap are run together."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.support.wait import LIMIT_SECONDS, wait_for

from fogline_model_server import batching_file
from fogline_model_server.dtypes import FLOAT, Array
from fogline_model_server.engines import EngineOptions, load
from fogline_model_server.engines.batching import Batching, BatchingEngine, BatchingParameters
from fogline_model_server.engines.engine import Engine, Figure
from fogline_model_server.errors import Code, ConfigError, ServingError
from fogline_model_server.signatures import Signature, TensorInfo

ROWS = TensorInfo("x:0", FLOAT.number, (-1, -1))
SIGNATURE = Signature({"x": ROWS}, {"y": ROWS})
Call = Callable[[Array], "Future[dict[str, Array]]"]


class Doubling:
    """An engine that can be held back, and that remembers how it was called."""

    name = "doubling"
    signatures: Mapping[str, Signature] = {
        "serving_default": SIGNATURE,
        "total": SIGNATURE,
        "fixed": Signature({"x": TensorInfo("x:0", FLOAT.number, (1, 2))}, {"y": ROWS}),
    }
    seconds_per_call = 0.01

    def __init__(self) -> None:
        self.may_run = threading.Event()
        self.may_run.set()
        self.shapes: list[tuple[int, ...]] = []

    def run(self, signature: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        """Double the input; with the signature ``total`` without a row for each row."""
        self.shapes.append(inputs["x"].shape)
        assert self.may_run.wait(LIMIT_SECONDS)
        if (inputs["x"] < 0).any():
            raise ServingError(Code.INVALID_ARGUMENT, "negative")
        doubled = inputs["x"] * 2
        return {"y": doubled.sum(axis=0) if signature == "total" else doubled} if "y" in outputs else {}


class Held:
    """A batching engine whose first call is running, so that what comes then must wait."""

    def __init__(self, parameters: BatchingParameters, threads: ThreadPoolExecutor) -> None:
        self.engine = Doubling()
        self.engine.may_run.clear()
        self.batching = BatchingEngine(self.engine, parameters, threading.Semaphore(parameters.threads))
        self._threads = threads
        self.queued = 0

    async def call(self, x: Array, signature: str = "serving_default") -> "Future[dict[str, Array]]":
        """Call from another thread, and return when the call runs or waits."""
        is_first = not self.engine.shapes
        future = self._threads.submit(self.batching.run, signature, {"x": x}, ("y",))
        if is_first:
            await wait_for(lambda: self.engine.shapes, "the first call runs")
        else:
            self.queued += len(x)
            await wait_for(lambda: self.waiting() == self.queued or future.done(), "the call waits")
        return future

    def waiting(self) -> int:
        """Return how many rows wait."""
        return sum(batch.rows for batch in self.batching._open.values())  # noqa: SLF001  nothing else shows it

    def go(self) -> None:
        """Let all calls run."""
        self.engine.may_run.set()


@pytest.fixture
def threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(32)


def rows(*values: float, width: int = 2) -> Array:
    return np.repeat(np.array(values, np.float32)[:, None], width, axis=1)


async def test_calls_that_wait_become_one_batch_and_each_gets_its_rows(threads: ThreadPoolExecutor) -> None:
    held = Held(BatchingParameters(max_batch_size=8), threads)
    first = await held.call(rows(1))
    others = [await held.call(rows(*values)) for values in ((2,), (3, 4), (5,))]
    held.go()
    assert first.result()["y"].tolist() == [[2, 2]]
    assert [other.result()["y"][:, 0].tolist() for other in others] == [[4], [6, 8], [10]]
    assert held.engine.shapes == [(1, 2), (4, 2)]


async def test_a_full_batch_is_followed_by_another(threads: ThreadPoolExecutor) -> None:
    held = Held(BatchingParameters(max_batch_size=2, max_enqueued_batches=3), threads)
    calls = [await held.call(rows(0))]
    calls += [
        threads.submit(held.batching.run, "serving_default", {"x": rows(number)}, ("y",))
        for number in range(1, 5)
    ]
    await wait_for(lambda: sum(held.batching._waiting.values()) == 2, "two batches wait")  # noqa: SLF001
    held.go()
    assert sorted(call.result()["y"][0, 0] for call in calls) == [0, 2, 4, 6, 8]
    assert held.engine.shapes == [(1, 2), (2, 2), (2, 2)]


async def test_what_the_queue_cannot_hold_is_unavailable(threads: ThreadPoolExecutor) -> None:
    held = Held(BatchingParameters(max_batch_size=1, max_enqueued_batches=1), threads)
    running = await held.call(rows(1))
    waiting = await held.call(rows(2))
    refused = await held.call(rows(3))
    with pytest.raises(
        ServingError, match="The batch scheduling queue to which this task was submitted is full"
    ) as caught:
        refused.result(LIMIT_SECONDS)
    assert caught.value.code is Code.UNAVAILABLE
    held.go()
    assert (running.result()["y"][0, 0], waiting.result()["y"][0, 0]) == (2, 4)


async def test_batches_and_what_waits_are_counted(threads: ThreadPoolExecutor) -> None:
    held = Held(BatchingParameters(max_batch_size=8), threads)
    calls = [await held.call(rows(number)) for number in range(3)]
    assert held.batching.figures == {
        Figure.BATCHES: 1,
        Figure.BATCHED_REQUESTS: 1,
        Figure.BATCHES_WAITING: 1,
    }
    held.go()
    for call in calls:
        call.result(LIMIT_SECONDS)
    assert held.batching.figures == {
        Figure.BATCHES: 2,
        Figure.BATCHED_REQUESTS: 3,
        Figure.BATCHES_WAITING: 0,
    }


def batching(**parameters: float | tuple[int, ...]) -> tuple[Doubling, BatchingEngine]:
    made = BatchingParameters(**parameters)  # type: ignore[arg-type]
    engine = Doubling()
    return engine, BatchingEngine(engine, made, threading.Semaphore(made.threads))


def test_more_rows_than_a_batch_may_have_are_refused() -> None:
    _, engine = batching(max_batch_size=4)
    with pytest.raises(ServingError, match="Task size 5 is larger than maximum input batch size 4") as caught:
        engine.run("serving_default", {"x": rows(*range(5))}, ("y",))
    assert caught.value.code is Code.INVALID_ARGUMENT


async def test_an_error_is_for_those_only_who_caused_it(threads: ThreadPoolExecutor) -> None:
    held = Held(BatchingParameters(max_batch_size=8), threads)
    await held.call(rows(1))
    good, bad, fine = [await held.call(rows(value)) for value in (2, -3, 4)]
    held.go()
    assert (good.result()["y"][0, 0], fine.result()["y"][0, 0]) == (4, 8)
    with pytest.raises(ServingError, match="negative"):
        bad.result()


async def test_rows_of_different_shapes_do_not_meet(threads: ThreadPoolExecutor) -> None:
    held = Held(BatchingParameters(max_batch_size=8), threads)
    await held.call(rows(1))
    calls = [await held.call(rows(value, width=width)) for value, width in ((2, 2), (3, 3), (4, 2))]
    held.go()
    assert [call.result()["y"].shape for call in calls] == [(1, 2), (1, 3), (1, 2)]
    assert sorted(held.engine.shapes) == [(1, 2), (1, 3), (2, 2)]


async def test_rows_of_different_shapes_are_padded_where_that_is_wanted(threads: ThreadPoolExecutor) -> None:
    held = Held(BatchingParameters(max_batch_size=8, pad_variable_length_inputs=True), threads)
    await held.call(rows(1))
    narrow, wide = [await held.call(rows(value, width=width)) for value, width in ((2, 1), (3, 3))]
    held.go()
    assert narrow.result()["y"].tolist() == [[4, 4, 4]]
    assert wide.result()["y"].tolist() == [[6, 6, 6]]
    assert held.engine.shapes == [(1, 2), (2, 3)]


def test_a_batch_is_filled_up_to_an_allowed_size() -> None:
    doubling, engine = batching(max_batch_size=8, allowed_batch_sizes=(4, 8))
    assert engine.run("serving_default", {"x": rows(1, 2, 3)}, ("y",))["y"][:, 0].tolist() == [2, 4, 6]
    assert doubling.shapes == [(4, 2)]


async def test_a_signature_that_does_not_answer_row_by_row_is_not_batched_again(
    threads: ThreadPoolExecutor,
) -> None:
    held = Held(BatchingParameters(max_batch_size=8), threads)
    await held.call(rows(1))
    calls = [await held.call(rows(value, value), "total") for value in (2, 3)]
    held.go()
    assert [call.result()["y"].tolist() for call in calls] == [[8, 8], [12, 12]]
    assert held.batching.batched == {"serving_default"}


def test_a_batch_waits_for_its_timeout_but_not_when_it_is_full(threads: ThreadPoolExecutor) -> None:
    doubling, engine = batching(max_batch_size=2, timeout_seconds=LIMIT_SECONDS)
    calls = [threads.submit(engine.run, "serving_default", {"x": rows(value)}, ("y",)) for value in (1, 2)]
    assert [call.result(LIMIT_SECONDS / 2)["y"][0, 0] for call in calls] == [2, 4]
    assert doubling.shapes == [(2, 2)]


def test_no_rows_and_fixed_shapes_go_straight_through() -> None:
    doubling, engine = batching(max_batch_size=1, timeout_seconds=LIMIT_SECONDS)
    assert engine.run("serving_default", {"x": np.zeros((0, 2), np.float32)}, ("y",))["y"].shape == (0, 2)
    engine.run("fixed", {"x": rows(1, 2)}, ("y",))
    assert doubling.shapes == [(0, 2), (2, 2)]


def test_inputs_with_different_numbers_of_rows_are_refused() -> None:
    _, engine = batching()
    inputs = {"x": rows(1), "z": rows(1, 2)}
    with pytest.raises(ServingError, match="must have equal 0th-dimension size"):
        engine.run("serving_default", inputs, ("y",))


def test_only_slow_models_are_batched(models: Path) -> None:
    options = EngineOptions(batching=Batching(BatchingParameters()))
    fast = load(models / "tflite" / "1", options)
    assert not isinstance(fast, BatchingEngine)
    slow: Engine = Doubling()
    assert isinstance(Batching(BatchingParameters()).wrapped(slow), BatchingEngine)


def test_batches_of_a_real_model_answer_as_single_calls_do(models: Path, threads: ThreadPoolExecutor) -> None:
    alone = load(models / "tflite" / "1")
    together = BatchingEngine(alone, BatchingParameters(64, 0.05), threading.Semaphore())
    random_numbers = np.random.default_rng(3)
    requests = [random_numbers.random((size, 3), np.float32) for size in (1, 2, 3, 1, 5)]
    outputs = ("doubled", "total")
    calls = [threads.submit(together.run, "serving_default", {"x": x}, outputs) for x in requests]
    for x, call in zip(requests, calls, strict=True):
        for alias, expected in alone.run("serving_default", {"x": x}, outputs).items():
            np.testing.assert_array_equal(call.result()[alias], expected)


def test_the_parameters_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "batching.txt"
    file.write_text(
        "max_batch_size { value: 32 } batch_timeout_micros { value: 1500 }\n"
        "max_enqueued_batches { value: 7 } "
        "num_batch_threads { value: 3 } thread_pool_name { value: 'pool' }\n"
        "allowed_batch_sizes: 8 allowed_batch_sizes: 32 pad_variable_length_inputs: true"
    )
    assert batching_file.read(file, 2) == BatchingParameters(
        32, 0.0015, 7, 3, (8, 32), pad_variable_length_inputs=True
    )
    file.write_text("")
    assert batching_file.read(file, 2) == BatchingParameters(1000, 0.0, 10, 2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("max_batch_size: 32", "Error parsing text-format tensorflow.serving.BatchingParameters"),
        ("max_batch_size { value: 0 }", "max_batch_size must be positive; was 0"),
        ("batch_timeout_micros { value: -1 }", "batch_timeout_micros must be non-negative"),
        ("num_batch_threads { value: 0 }", "num_batch_threads must be positive; was 0"),
        ("allowed_batch_sizes: 8 allowed_batch_sizes: 4", "must be in increasing order"),
        ("allowed_batch_sizes: 8", "final entry in allowed_batch_sizes must match max_batch_size"),
    ],
)
def test_a_wrong_parameters_file_says_what_is_wrong(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "batching.txt"
    file.write_text(text)
    with pytest.raises(ConfigError, match=reason):
        batching_file.read(file, 2)
    with pytest.raises(ConfigError, match="cannot read"):
        batching_file.read(tmp_path / "none", 2)
