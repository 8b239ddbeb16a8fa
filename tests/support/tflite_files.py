"""Small .tflite files made by code: also those that no converter would make."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers  # type: ignore[import-untyped]  # it ships no types
import numpy as np
from ai_edge_litert import schema_py_generated as schema  # type: ignore[import-untyped]  # it ships no types


@dataclass(frozen=True)
class Tensor:
    """One tensor of a graph."""

    name: str
    shape: Sequence[int] = (1,)
    kind: int = schema.TensorType.FLOAT32
    data: bytes = b""
    """Of a constant."""
    variable: bool = False


@dataclass(frozen=True)
class Operator:
    """One operator of a graph; tensors by their positions."""

    code: int
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: Any = None
    options_kind: int = 0
    custom: str | None = None


@dataclass(frozen=True)
class Graph:
    """One subgraph; tensors by their positions."""

    tensors: Sequence[Tensor]
    operators: Sequence[Operator]
    inputs: Sequence[int] = (0,)
    outputs: Sequence[int] = (1,)


def tflite(*graphs: Graph, change: Any = None) -> bytes:
    """Return a file with these graphs and without signatures.

    Parameters
    ----------
    change
        Called with the model before it is written, to spoil it.

    """
    model = schema.ModelT()
    model.version = 3
    model.buffers = [schema.BufferT()]
    model.operatorCodes = []
    model.subgraphs = [_graph(graph, model) for graph in graphs]
    if change is not None:
        change(model)
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _graph(graph: Graph, model: Any) -> Any:
    made = schema.SubGraphT()
    made.inputs, made.outputs = list(graph.inputs), list(graph.outputs)
    made.tensors = [_tensor(tensor, model) for tensor in graph.tensors]
    made.operators = [_operator(operator, model) for operator in graph.operators]
    return made


def _tensor(tensor: Tensor, model: Any) -> Any:
    made = schema.TensorT()
    made.name, made.shape, made.type = tensor.name, list(tensor.shape), tensor.kind
    made.isVariable = tensor.variable
    if tensor.data:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(tensor.data, np.uint8)
        made.buffer = len(model.buffers)
        model.buffers.append(buffer)
    return made


def _operator(operator: Operator, model: Any) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode, code.customCode, code.version = operator.code, operator.custom, 1
    code.deprecatedBuiltinCode = min(operator.code, 127)
    made = schema.OperatorT()
    made.opcodeIndex = len(model.operatorCodes)
    model.operatorCodes.append(code)
    made.inputs, made.outputs = list(operator.inputs), list(operator.outputs)
    made.builtinOptions, made.builtinOptionsType = operator.options, operator.options_kind
    return made


def negating() -> bytes:
    """Return a file that gives ``-x``."""
    return tflite(Graph((Tensor("x"), Tensor("y")), (Operator(schema.BuiltinOperator.NEG, (0,), (1,)),)))


def tiling(times: int) -> bytes:
    """Return a file that repeats its one input number many times: a few bytes that ask for gigabytes."""
    multiples = Tensor("multiples", (1,), schema.TensorType.INT32, np.array([times], np.int32).tobytes())
    tile = Operator(schema.BuiltinOperator.TILE, (0, 2), (1,))
    total = Operator(
        schema.BuiltinOperator.SUM,
        (1, 3),
        (4,),
        schema.ReducerOptionsT(),
        schema.BuiltinOptions.ReducerOptions,
    )
    axis = Tensor("axis", (1,), schema.TensorType.INT32, np.zeros(1, np.int32).tobytes())
    tensors = (Tensor("x"), Tensor("many", (times,)), multiples, axis, Tensor("sum", ()))
    return tflite(Graph(tensors, (tile, total), outputs=(4,)))


def tiling_on_request() -> bytes:
    """Return a file that repeats ``x`` as often as ``times`` says: a small request asks for much memory."""
    tile = Operator(schema.BuiltinOperator.TILE, (0, 1), (2,))
    tensors = (Tensor("x"), Tensor("times", (1,), schema.TensorType.INT32), Tensor("y"))
    return tflite(Graph(tensors, (tile,), inputs=(0, 1), outputs=(2,)))


def counting() -> bytes:
    """Return a file with a variable: its answer is the sum of all inputs so far, when nobody resets it."""
    add = Operator(
        schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_RNN,
        (0, 2, 3, 4, 5),
        (1,),
        schema.SequenceRNNOptionsT(),
        schema.BuiltinOptions.SequenceRNNOptions,
    )
    one = np.ones(1, np.float32).tobytes()
    tensors = (
        Tensor("x", (1, 1, 1)),
        Tensor("y", (1, 1, 1)),
        Tensor("weight", (1, 1), data=one),
        Tensor("recurrent", (1, 1), data=one),
        Tensor("bias", (1,), data=np.zeros(1, np.float32).tobytes()),
        Tensor("state", (1, 1), variable=True),
    )
    return tflite(Graph(tensors, (add,)))
