"""A look at a .tflite file before any native code sees it: LiteRT crashes on some files that are broken.

Everything that the file says about itself must hold: each reference stays in the file, each index has
something to point to. What it cannot know is whether the parameters of an operator suit its inputs; files
with wrong ones may still crash, which is what `trial` is for. Names and numbers of fields are those of
schema_v3.fbs in https://github.com/google-ai-edge/LiteRT (tflite/converter/schema).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fogline_model_server.engines.flatbuffer import BrokenFileError, Buffer, Table
from fogline_model_server.errors import LoadError

_IDENTIFIER = b"TFL3"
_SCHEMA_VERSION = 3
_WORK = 4_000_000
"""Tables and elements of vectors; a model with 10,000 operators has about 200,000. Takes at most 4 s."""
_MAX_RANK = 8
"""Dimensions: no kernel of LiteRT takes more."""
_MAX_TENSOR_BYTES = 1 << 40

_LAST_OPERATOR = 209
"""STABLEHLO_CASE. A newer schema has more, and LiteRT refuses those that it does not know."""
_CUSTOM = 32
_DELEGATE = 51
_PLACEHOLDER = 127
"""In the old field of one byte it says: look into the new one."""
CUSTOM_OPERATORS = frozenset({"AudioSpectrogram", "Mfcc", "NumericVerify", "TFLite_Detection_PostProcess"})
"""Those that LiteRT itself brings. Others are code that is not here."""
_STATE_OPERATORS = frozenset({143, 144})
"""READ_VARIABLE and ASSIGN_VARIABLE."""

_SHAPE_KEEPERS = frozenset({6, 124})
"""DEQUANTIZE and DENSIFY: the delegate for CPUs reads constants by the shape of the output."""

_CALLED_SUBGRAPHS = {
    31: (4, (0,)),  # CALL
    118: (4, (0, 1)),  # IF: then, else
    119: (4, (0, 1)),  # WHILE: condition, body
    129: (4, (0,)),  # CALL_ONCE
    174: (12, (1,)),  # STABLEHLO_REDUCE
    190: (12, (6,)),  # STABLEHLO_SCATTER
    198: (12, (5,)),  # STABLEHLO_REDUCE_WINDOW
    199: (12, (2,)),  # STABLEHLO_SORT
    200: (12, (0, 1)),  # STABLEHLO_WHILE
    206: (12, (1,)),  # STABLEHLO_COMPOSITE
}
"""By operator: slot of its options in Operator, slots of the subgraphs in the options."""
_CASE = 209
"""STABLEHLO_CASE: a vector of subgraphs in slot 0 of its options."""
_BITS = {0: 32, 1: 16, 2: 32, 3: 8, 4: 64, 6: 8, 7: 16, 8: 64, 9: 8, 10: 64, 11: 128, 12: 64}
_BITS |= {15: 32, 16: 16, 17: 4, 18: 16, 19: 2, 20: 4, 21: 8, 22: 8}
"""Bits of an element by TensorType; strings, resources and variants have no fixed size."""
_TYPES = frozenset(_BITS) | {5, 13, 14}
_NEVER_SENT = {
    13: "resource",
    14: "variant",
    17: "int4",
    18: "bfloat16",
    19: "int2",
    20: "uint4",
    21: "float8_e4m3fn",
    22: "float8_e5m2",
}
"""Element types inside of models only: no request or answer carries them."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the file says, as far as it matters for running it."""

    keeps_state: bool
    """An answer may depend on earlier calls."""


def precheck(content: bytes) -> ModelFacts:
    """Check a .tflite file.

    Raises
    ------
    LoadError
        It is broken, or asks for something that is not served.

    """
    if content[4:8] != _IDENTIFIER:
        raise LoadError("the model file is no .tflite file")
    buffer = Buffer(content, _WORK)
    model = buffer.root()
    if model.number(0, "I") != _SCHEMA_VERSION:
        raise LoadError(f"the model file has schema version {model.number(0, 'I')}, not {_SCHEMA_VERSION}")
    if any(True for slot in (8, 9) for _ in model.tables(slot)):
        raise LoadError("the model keeps weights in other files, which is not served")
    operators = [_operator_code(code) for code in model.tables(1)]
    buffer_bytes = [_buffer_bytes(entry, buffer.size) for entry in model.tables(4)]
    _check_metadata(model, len(buffer_bytes))
    subgraphs = list(model.tables(2))
    if not subgraphs:
        raise BrokenFileError("it has no graph")
    keeps_state = False
    tensors: list[list[_Tensor]] = []
    calls: list[set[int]] = []
    for subgraph in subgraphs:
        known = [_check_tensor(tensor, buffer_bytes) for tensor in subgraph.tables(0)]
        _check_indices(subgraph.numbers(1, "i"), len(known))
        _check_indices(subgraph.numbers(2, "i"), len(known))
        subgraph.text(4)
        called: set[int] = set()
        for operator in subgraph.tables(3):
            code = _check_operator(operator, operators, known, buffer.size)
            keeps_state = keeps_state or code in _STATE_OPERATORS
            called.update(_called(operator, code))
        _check_indices(called, len(subgraphs))
        keeps_state = keeps_state or any(tensor.is_variable for tensor in known)
        tensors.append(known)
        calls.append(called)
    _check_no_recursion(calls)
    first = subgraphs[0]
    for position in (*(first.numbers(1, "i") or ()), *(first.numbers(2, "i") or ())):
        _check_sent(tensors[0][position])
    _check_signatures(model, tensors)
    return ModelFacts(keeps_state)


def _operator_code(code: Table) -> int:
    old = code.number(0, "b")
    new = code.number(3, "i")
    number = max(old, new)
    custom = code.text(1)
    if old < 0 or not 0 <= number <= _LAST_OPERATOR or number in (_DELEGATE, _PLACEHOLDER):
        raise LoadError(f"the model uses operator {number}, which is not known")
    if code.number(2, "i", 1) < 1:
        raise BrokenFileError("an operator has no version")
    if number == _CUSTOM and custom not in CUSTOM_OPERATORS:
        raise LoadError(
            f"the model uses the custom operator {(custom or '')[:100]}, which is not in this server"
        )
    return number


def _buffer_bytes(entry: Table, file_bytes: int) -> int:
    """Return how many bytes of data a buffer has: in its table, or further behind in the file."""
    inside = entry.length(0)
    offset, size = entry.number(1, "Q"), entry.number(2, "Q")
    if offset <= 1:  # what a writer puts there at first
        return inside or 0
    if inside or offset + size > file_bytes:
        raise BrokenFileError("a buffer leads out of the file")
    return size


def _check_metadata(model: Table, buffers: int) -> None:
    for index in model.numbers(5, "i") or ():
        if not 0 <= index < buffers:
            raise BrokenFileError("metadata is in no buffer")
    for entry in model.tables(6):
        entry.text(0)
        if entry.number(1, "I") >= buffers:
            raise BrokenFileError("metadata is in no buffer")


class _Tensor(NamedTuple):
    kind: int
    shape: tuple[int, ...]
    is_variable: bool


def _check_tensor(tensor: Table, buffer_bytes: Sequence[int]) -> _Tensor:
    """Check one tensor, and return what is needed of it later."""
    shape = tensor.numbers(0, "i") or ()
    kind = tensor.number(1, "b")
    buffer = tensor.number(2, "I")
    tensor.text(3)
    if kind not in _TYPES:
        raise LoadError(f"a tensor has the element type {kind}, which is not known")
    if buffer >= len(buffer_bytes):
        raise BrokenFileError("a tensor is in no buffer")
    if tensor.number(10, "I"):
        raise LoadError("the model keeps weights in other files, which is not served")
    if len(shape) > _MAX_RANK or any(size < 0 for size in shape):
        raise BrokenFileError("a tensor has no possible shape")
    free = tensor.numbers(7, "i")
    if free is not None and (len(free) != len(shape) or any(size < -1 for size in free)):
        raise BrokenFileError("a tensor has two shapes that do not fit")
    _check_quantization(tensor.table(4), shape)
    _check_sparsity(tensor.table(6), len(shape))
    bits = _BITS.get(kind)
    if bits:
        needed = (math.prod(shape) * bits + 7) // 8
        has = buffer_bytes[buffer]
        if needed > _MAX_TENSOR_BYTES or (has and not tensor.table(6) and has != needed):
            raise BrokenFileError("a tensor does not fit its buffer")
    return _Tensor(kind, shape, bool(tensor.number(5, "B")))


def _check_quantization(quantization: Table | None, shape: Sequence[int]) -> None:
    if quantization is None:
        return
    factors = quantization.numbers(2, "f") or ()
    scales = len(factors)
    if any(not 0 <= factor < math.inf for factor in factors):  # the delegate for CPUs divides by them
        raise BrokenFileError("a tensor has an impossible scale")
    zero_points = quantization.length(3, 8) or 0
    for slot in (0, 1):
        quantization.length(slot, 4)
    if quantization.number(4, "B"):
        quantization.table(5)
    axis = quantization.number(6, "i")
    if zero_points not in (0, 1, scales):
        raise BrokenFileError("a tensor has more or fewer zero points than scales")
    if scales > 1 and not (0 <= axis < len(shape) and shape[axis] == scales):
        raise BrokenFileError("a tensor has scales that do not fit its shape")


def _check_sparsity(sparsity: Table | None, rank: int) -> None:
    if sparsity is None:
        return
    order = sparsity.numbers(0, "i") or ()
    blocks = sparsity.numbers(1, "i") or ()
    dimensions = sum(1 for _ in sparsity.tables(2))
    if sorted(order) != list(range(rank + len(blocks))) or dimensions != len(order):
        raise BrokenFileError("a sparse tensor has no possible order")
    _check_indices(blocks, rank)


def _check_operator(
    operator: Table, codes: Sequence[int], tensors: Sequence[_Tensor], file_bytes: int
) -> int:
    """Check one operator and return its code."""
    index = operator.number(0, "I")
    if index >= len(codes):
        raise BrokenFileError("an operator has no code")
    inputs, outputs = operator.numbers(1, "i") or (), operator.numbers(2, "i") or ()
    _check_indices(inputs, len(tensors), least=-1)  # -1: an optional input that is not there
    _check_indices(outputs, len(tensors))
    _check_indices(operator.numbers(8, "i"), len(tensors), least=-1)
    shapes = {tensors[position].shape for position in (*inputs, *outputs)}
    if codes[index] in _SHAPE_KEEPERS and len(shapes) > 1:
        raise BrokenFileError("an operator that keeps shapes changes one")
    operator.length(5)
    operator.length(7)
    if operator.number(3, "B"):
        operator.table(4)
    if operator.number(11, "B"):
        operator.table(12)
    offset, size = operator.number(9, "Q"), operator.number(10, "Q")
    if offset > 1 and offset + size > file_bytes:
        raise BrokenFileError("options of an operator lead out of the file")
    return codes[index]


def _called(operator: Table, code: int) -> Iterator[int]:
    """Yield the subgraphs that an operator runs."""
    if code == _CASE:
        options = operator.table(12)
        yield from (options and options.numbers(0, "i")) or ()
    elif code in _CALLED_SUBGRAPHS:
        slot, fields = _CALLED_SUBGRAPHS[code]
        options = operator.table(slot)
        for field in fields:
            yield options.number(field, "i") if options else 0


def _check_indices(
    indices: Iterator[int] | Sequence[int] | set[int] | None, size: int, least: int = 0
) -> None:
    if indices and not (least <= min(indices) and max(indices) < size):
        raise BrokenFileError("an index points to nothing")


def _check_no_recursion(calls: Sequence[set[int]]) -> None:
    """Refuse a subgraph that runs itself: LiteRT would prepare it until its stack ends."""
    open_calls = [set(called) for called in calls]
    ready = [index for index, called in enumerate(open_calls) if not called]
    callers: list[list[int]] = [[] for _ in calls]
    for caller, called in enumerate(calls):
        for index in called:
            callers[index].append(caller)
    done = 0
    while ready:
        finished = ready.pop()
        done += 1
        for caller in callers[finished]:
            open_calls[caller].discard(finished)
            if not open_calls[caller]:
                ready.append(caller)
    if done < len(calls):
        raise BrokenFileError("a graph runs itself")


def _check_sent(tensor: _Tensor) -> None:
    if tensor.kind in _NEVER_SENT:
        kind = _NEVER_SENT[tensor.kind]
        raise LoadError(f"an input or output has the element type {kind}, which no request carries")


def _check_signatures(model: Table, tensors: Sequence[Sequence[_Tensor]]) -> None:
    keys = set()
    for signature in model.tables(7):
        subgraph = signature.number(4, "I")
        if subgraph >= len(tensors):
            raise BrokenFileError("a signature has no graph")
        for slot in (0, 1):
            names = set()
            for entry in signature.tables(slot):
                names.add(entry.text(0))
                position = entry.number(1, "I")
                if position >= len(tensors[subgraph]) or None in names:
                    raise BrokenFileError("a signature names a tensor that is not there")
                _check_sent(tensors[subgraph][position])
        key = signature.text(2)
        if key is None or key in keys:
            raise BrokenFileError("two signatures have one name")
        keys.add(key)
