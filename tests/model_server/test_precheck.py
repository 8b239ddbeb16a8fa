"""What is refused before any native code sees a .tflite file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ai_edge_litert import schema_py_generated as schema  # type: ignore[import-untyped]  # it ships no types
from tests.support.tflite_files import Graph, Operator, Tensor, counting, negating, tflite

from fogline_model_server.engines.precheck import precheck
from fogline_model_server.errors import LoadError

OPERATOR = schema.BuiltinOperator
NEGATE = Operator(OPERATOR.NEG, (0,), (1,))
PAIR = (Tensor("x"), Tensor("y"))


def spoilt(change: Callable[[Any], None]) -> bytes:
    return tflite(Graph(PAIR, (NEGATE,)), change=change)


def with_tensor(change: Callable[[Any], None]) -> bytes:
    return spoilt(lambda model: change(model.subgraphs[0].tensors[1]))


def with_operator(change: Callable[[Any], None]) -> bytes:
    return spoilt(lambda model: change(model.subgraphs[0].operators[0]))


def setting(**fields: Any) -> Callable[[Any], None]:
    def change(part: Any) -> None:
        for name, value in fields.items():
            assert hasattr(part, name)
            setattr(part, name, value)

    return change


def with_metadata(model: Any) -> None:
    entry = schema.MetadataT()
    entry.name, entry.buffer = "min_runtime_version", 7
    model.metadata = [entry]


def with_buffer(**fields: Any) -> bytes:
    return spoilt(lambda model: setting(**fields)(model.buffers[0]))


def with_signature(**fields: Any) -> bytes:
    def change(model: Any) -> None:
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = "x", fields.get("tensor", 0)
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.inputs = "serve", [entry]
        signature.subgraphIndex = fields.get("subgraph", 0)
        model.signatureDefs = [signature] * fields.get("times", 1)

    return spoilt(change)


def running_subgraphs(*called: int) -> bytes:
    """Return a file whose first graph runs others; the second one runs the first."""

    def loop(body: int) -> Operator:
        options = schema.WhileOptionsT()
        options.condSubgraphIndex, options.bodySubgraphIndex = 2, body
        return Operator(OPERATOR.WHILE, (0,), (1,), options, schema.BuiltinOptions.WhileOptions)

    graphs = (
        Graph(PAIR, tuple(loop(body) for body in called)),
        Graph(PAIR, (loop(0),)),
        Graph(PAIR, (NEGATE,)),
    )
    return tflite(*graphs)


def with_scales(scales: int, zero_points: int, axis: int, scale: float = 1.0) -> bytes:
    quantization = schema.QuantizationParametersT()
    quantization.scale, quantization.zeroPoint = [scale] * scales, [0] * zero_points
    quantization.quantizedDimension = axis
    return with_tensor(setting(quantization=quantization))


def with_input(kind: int) -> bytes:
    return tflite(Graph((*PAIR, Tensor("odd", (1,), kind)), (NEGATE,), inputs=(0, 2)))


def dequantizing(shape: tuple[int, ...]) -> bytes:
    """Return a file that unpacks two numbers of two bytes to a tensor of some shape, and adds the input."""
    tensors = (
        Tensor("x", (1, 2)),
        Tensor("packed", (1, 2), schema.TensorType.FLOAT16, bytes(4)),
        Tensor("unpacked", shape),
        Tensor("sum", (1, 2)),
    )
    add = Operator(OPERATOR.ADD, (0, 2), (3,), schema.AddOptionsT(), schema.BuiltinOptions.AddOptions)
    graph = Graph(tensors, (Operator(OPERATOR.DEQUANTIZE, (1,), (2,)), add), outputs=(3,))
    return tflite(graph)


BROKEN = {
    "no file": (b"", "no .tflite file"),
    "another file": (b"\x08\0\0\0PB3\0" + bytes(64), "no .tflite file"),
    "only a beginning": (b"\x08\0\0\0TFL3", "leads out of the file"),
    "older schema": (spoilt(setting(version=2)), "schema version 2"),
    "no graph": (spoilt(setting(subgraphs=[])), "no graph"),
    "unknown operator": (tflite(Graph(PAIR, (Operator(210, (0,), (1,)),))), "operator 210"),
    "delegate": (tflite(Graph(PAIR, (Operator(OPERATOR.DELEGATE, (0,), (1,)),))), "operator 51"),
    "custom operator": (
        tflite(Graph(PAIR, (Operator(OPERATOR.CUSTOM, (0,), (1,), custom="FlexErf"),))),
        "custom operator FlexErf",
    ),
    "input of no tensor": (tflite(Graph(PAIR, (NEGATE,), inputs=(2,))), "index points to nothing"),
    "output -1": (tflite(Graph(PAIR, (NEGATE,), outputs=(-1,))), "index points to nothing"),
    "operator on no tensor": (with_operator(setting(inputs=[2])), "index points to nothing"),
    "operator writes to -1": (with_operator(setting(outputs=[-1])), "index points to nothing"),
    "operator without code": (with_operator(setting(opcodeIndex=1)), "no code"),
    "options behind the file": (
        with_operator(setting(largeCustomOptionsOffset=2**63, largeCustomOptionsSize=2**63)),
        "options of an operator",
    ),
    "tensor in no buffer": (with_tensor(setting(buffer=1)), "in no buffer"),
    "tensor of no type": (with_tensor(setting(type=99)), "element type 99"),
    "negative size": (with_tensor(setting(shape=[-5])), "no possible shape"),
    "nine dimensions": (with_tensor(setting(shape=[1] * 9)), "no possible shape"),
    "name of other bytes": (negating().replace(b"x\0", b"\xff\0"), "not in UTF-8"),
    "input of four bits": (with_input(schema.TensorType.INT4), "element type int4"),
    "input of bfloat16": (with_input(schema.TensorType.BFLOAT16), "element type bfloat16"),
    "input that is a resource": (with_input(schema.TensorType.RESOURCE), "element type resource"),
    "two shapes": (with_tensor(setting(shapeSignature=[1, 1])), "two shapes"),
    "huge tensor": (with_tensor(setting(shape=[2**31 - 1] * 3)), "does not fit its buffer"),
    "weights elsewhere": (with_tensor(setting(externalBuffer=3)), "weights in other files"),
    "short constant": (
        tflite(Graph((Tensor("x", (4,), data=bytes(12)), Tensor("y")), (NEGATE,))),
        "does not fit its buffer",
    ),
    "too few scales": (with_scales(2, 2, 0), "scales that do not fit"),
    "too many zero points": (with_scales(1, 3, 0), "zero points"),
    "negative scale": (with_scales(1, 1, 0, -1e-38), "impossible scale"),
    "scale that is no number": (with_scales(1, 1, 0, float("nan")), "impossible scale"),
    "constant larger than it was": (dequantizing((1, 1000)), "keeps shapes"),
    "metadata in no buffer": (spoilt(with_metadata), "metadata is in no buffer"),
    "metadata buffer": (spoilt(setting(metadataBuffer=[-1])), "metadata is in no buffer"),
    "buffer behind the file": (with_buffer(offset=1 << 20, size=4), "buffer leads out"),
    "buffer that overflows": (with_buffer(offset=2**64 - 8, size=16), "buffer leads out"),
    "graph of no number": (running_subgraphs(3), "index points to nothing"),
    "graph that runs itself": (running_subgraphs(1), "runs itself"),
    "signature of no tensor": (with_signature(tensor=2), "tensor that is not there"),
    "signature of no graph": (with_signature(subgraph=1), "no graph"),
    "one name for two signatures": (with_signature(times=2), "one name"),
}


@pytest.mark.parametrize(("content", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_does_not_hold_together_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(LoadError, match=reason):
        precheck(content)


def test_what_a_converter_makes_passes(models: Path) -> None:
    for file in models.glob("*/*/*.tflite"):
        assert not precheck(file.read_bytes()).keeps_state


def test_custom_operators_of_litert_itself_pass() -> None:
    custom = Operator(OPERATOR.CUSTOM, (0,), (1,), custom="TFLite_Detection_PostProcess")
    precheck(tflite(Graph(PAIR, (custom,))))


def test_constants_of_half_precision_pass() -> None:
    precheck(dequantizing((1, 2)))


def test_state_is_noticed() -> None:
    assert precheck(counting()).keeps_state
    read = Operator(OPERATOR.READ_VARIABLE, (0,), (1,))
    assert precheck(tflite(Graph(PAIR, (read,)))).keeps_state
    assert not precheck(negating()).keeps_state


def test_a_file_cut_anywhere_is_refused() -> None:
    content = negating()
    for size in range(len(content)):
        with pytest.raises(LoadError):
            precheck(content[:size])


def test_work_is_counted_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    precheck(negating())
    monkeypatch.setattr("fogline_model_server.engines.precheck._WORK", 5)
    with pytest.raises(LoadError, match="too many parts"):
        precheck(negating())
