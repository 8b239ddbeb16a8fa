"""The engine for .tflite files, without a server."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema  # type: ignore[import-untyped]  # it ships no types
from tests.support.tflite_files import Graph, Operator, Tensor, counting, negating, tflite, tiling

from fogline_model_server.engines import Engine, EngineOptions, load
from fogline_model_server.engines.measure import UNKNOWN
from fogline_model_server.errors import LoadError, ServingError
from fogline_model_server.signatures import DEFAULT_SIGNATURE

TYPES = {
    "FLOAT32": 1,
    "FLOAT16": 19,
    "FLOAT64": 2,
    "INT8": 6,
    "INT16": 5,
    "INT32": 3,
    "INT64": 9,
    "UINT8": 4,
    "UINT16": 17,
    "UINT32": 22,
    "UINT64": 23,
    "BOOL": 10,
    "STRING": 7,
    "COMPLEX64": 8,
    "COMPLEX128": 18,
}
"""tensorflow.DataType of each element type of LiteRT that requests can carry."""


def engine(folder: Path, content: bytes, options: EngineOptions | None = None) -> Engine:
    (folder / "model.tflite").write_bytes(content)
    return load(folder, options or EngineOptions(threads=2))


def floats(*values: float) -> dict[str, np.typing.NDArray[np.float32]]:
    return {"x": np.array(values, np.float32)}


@pytest.mark.parametrize(("kind", "number"), TYPES.items())
def test_each_element_type_has_its_number(tmp_path: Path, kind: str, number: int) -> None:
    odd = Tensor("odd", (1,), getattr(schema.TensorType, kind))
    negate = Operator(schema.BuiltinOperator.NEG, (0,), (1,))
    made = engine(tmp_path, tflite(Graph((Tensor("x"), Tensor("y"), odd), (negate,), inputs=(0, 2))))
    assert made.signatures[DEFAULT_SIGNATURE].inputs["odd"].dtype == number


def test_calls_in_parallel_do_not_mix(tmp_path: Path) -> None:
    made = engine(tmp_path, negating())
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(
            lambda number: made.run(DEFAULT_SIGNATURE, floats(number), ("y",))["y"][0], range(2000)
        )
        assert list(answers) == [-number for number in range(2000)]


def test_answers_stay_as_they_are_when_the_interpreter_goes_on(tmp_path: Path) -> None:
    made = engine(tmp_path, negating(), EngineOptions(threads=1))
    first = made.run(DEFAULT_SIGNATURE, floats(1), ("y",))["y"]
    made.run(DEFAULT_SIGNATURE, floats(2), ("y",))
    assert first.tolist() == [-1]


def test_errors_leave_as_many_interpreters_as_there_were(models: Path) -> None:
    made = load(models / "tflite" / "1", EngineOptions(threads=2))
    wrong = {"a": np.ones(3, np.float32), "b": np.ones(2, np.float32)}
    right = {"a": np.ones(2, np.float32), "b": np.ones(2, np.float32)}
    for _ in range(5):
        with pytest.raises(ServingError):
            made.run("divide", wrong, ("quotient",))
    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(made.run, "divide", right, ("quotient",)) for _ in range(10)]
        assert all(call.result(10)["quotient"].tolist() == [1, 1] for call in calls)


def test_a_model_with_state_goes_on_where_it_was(tmp_path: Path) -> None:
    made = engine(tmp_path, counting())
    x = {"x": np.ones((1, 1, 1), np.float32)}
    assert [made.run(DEFAULT_SIGNATURE, x, ("y",))["y"].item() for _ in range(3)] == [1, 2, 3]


def test_the_time_of_a_call_is_known_when_it_is_loaded(tmp_path: Path) -> None:
    fast = engine(tmp_path, negating()).seconds_per_call
    slow = engine(tmp_path, tiling(20_000_000)).seconds_per_call
    assert 0 < fast < slow < UNKNOWN


def test_no_rows_are_answered_with_no_rows(models: Path) -> None:
    made = load(models / "tflite" / "1")
    empty = {"x": np.zeros((0, 3), np.float32)}
    assert made.run(DEFAULT_SIGNATURE, empty, ("doubled",))["doubled"].shape == (0, 3)
    with pytest.raises(ServingError, match="LiteRT needs at least one"):
        made.run("spin", {"steps": np.zeros(0, np.int32)}, ("count",))


def test_a_file_that_cannot_be_read_says_so_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").symlink_to(tmp_path)
    with pytest.raises(LoadError, match="cannot be read") as caught:
        load(tmp_path)
    assert str(tmp_path) not in str(caught.value)
