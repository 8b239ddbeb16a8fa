"""Data sets and settings that are broken: each is refused with its own reason, and nothing is written."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.trainer import Pods, document, parsed, random_samples, with_data

from fogline_model_server.messages import Example
from fogline_model_server.tfrecord import framed
from fogline_trainer.errors import Reason, RefusedError, StageError
from fogline_trainer.prepare import prepare
from fogline_trainer.run_document import parse
from fogline_trainer.samples import Samples

Break = Callable[[Pods], dict[str, Any]]
"""Writes data and returns the changed fields of ``spec.data``."""


def npz(**arrays: Any) -> Break:
    """Return data whose arrays are others than those of good data."""

    def write(pods: Pods) -> dict[str, Any]:
        good = random_samples()
        held = {"values": good.features, "labels": good.labels, **arrays}
        pods.write_npz(**{name: value for name, value in held.items() if value is not None})
        return {}

    return write


def changed(change: Callable[[Samples], Samples], **fields: Any) -> Break:
    """Return good data that was changed."""

    def write(pods: Pods) -> dict[str, Any]:
        pods.write(change(random_samples()))
        return fields

    return write


def raw(name: str, content: bytes, **fields: Any) -> Break:
    """Return a file of any content."""

    def write(pods: Pods) -> dict[str, Any]:
        (pods.claim("data") / name).write_bytes(content)
        return {"uri": f"pvc://data/{name}", **fields}

    return write


def csv(*lines: str, **fields: Any) -> Break:
    """Return a CSV file of four columns of features."""
    return raw("samples.csv", "\n".join(lines).encode(), **fields)


def tfrecord(*examples: dict[str, Any]) -> Break:
    """Return a TFRecord file."""
    return raw("samples.tfrecord", b"".join(framed(example(**fields)) for fields in examples))


def example(**fields: Any) -> bytes:
    """Return a tf.train.Example of floats and whole numbers."""
    message = Example()
    for name, values in fields.items():
        kind = "int64_list" if isinstance(values[0], int) else "float_list"
        getattr(message.features.feature[name], kind).value.extend(values)
    return bytes(message.SerializeToString())


def with_value(value: float) -> Callable[[Samples], Samples]:
    def change(samples: Samples) -> Samples:
        samples.features[7, 2] = value
        return samples

    return change


def labelled(label: int) -> Callable[[Samples], Samples]:
    def change(samples: Samples) -> Samples:
        samples.labels[9] = label
        return samples

    return change


def damaged(compression: int) -> Break:
    """Return an .npz file with wrong bytes in the middle of its first array."""

    def write(pods: Pods) -> dict[str, Any]:
        file, good = io.BytesIO(), random_samples()
        with zipfile.ZipFile(file, "w", compression) as archive:
            for name, array in (("values", good.features), ("labels", good.labels)):
                with archive.open(f"{name}.npy", "w") as stream:
                    np.save(stream, array)
        content = bytearray(file.getvalue())
        content[60:90] = bytes(0xFF ^ byte for byte in content[60:90])
        return raw("samples.npz", bytes(content))(pods)

    return write


def endless_header() -> bytes:
    """Return an .npz file whose header opens more than it closes."""
    text, file = b"{'descr': " + b"(" * 5000 + b"\n", io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("values.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
        archive.writestr("labels.npy", b"")
    return file.getvalue()


def promising(descr: str, *shape: int) -> bytes:
    """Return an .npz file with nothing but headers."""
    stream, file = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("values", "labels"):
            archive.writestr(f"{name}.npy", stream.getvalue())
    return file.getvalue()


def folder(pods: Pods) -> dict[str, Any]:
    (pods.claim("data") / "samples.npz").mkdir()
    return {}


def pipe(pods: Pods) -> dict[str, Any]:
    """Make what nobody ever writes to, so that who reads it waits for ever."""
    os.mkfifo(pods.claim("data") / "samples.npz")
    return {}


HEADER = "a,b,c,d,labels"
VALUES = [0.0, 1.0, 2.0, 3.0]
OBJECTS = np.array([{"a": 1}] * 60, object)
FEW = {"split": {"validationPercent": 40, "testPercent": 60, "seed": 1}}

BROKEN: dict[str, tuple[Break, Reason, str]] = {
    "no file": (lambda _: {"uri": "pvc://data/none.npz"}, Reason.DATA_UNREACHABLE, "there is nothing at"),
    "a scheme that is none": (lambda _: {"uri": "ftp://a/b.npz"}, Reason.DATA_UNREACHABLE, "must begin with"),
    "a path out of the claim": (
        lambda _: {"uri": "pvc://data/../b.npz"},
        Reason.DATA_UNREACHABLE,
        "without empty parts",
    ),
    "another digest": (changed(lambda good: good, sha256="0" * 64), Reason.DATA_CORRUPT, "sha256"),
    "an ending that says nothing": (raw("samples.data", b"1"), Reason.DATA_UNREADABLE, "say in data.format"),
    "no zip": (raw("samples.npz", b"hello"), Reason.DATA_UNREADABLE, "is no .npz file"),
    "an array that lies": (
        raw("samples.npz", promising("<f4", 2**40, 4)),
        Reason.TOO_LARGE,
        "bytes in memory",
    ),
    "damaged deflate": (damaged(zipfile.ZIP_DEFLATED), Reason.DATA_UNREADABLE, "it is damaged"),
    "damaged LZMA": (damaged(zipfile.ZIP_LZMA), Reason.DATA_UNREADABLE, "it is damaged"),
    "damaged bzip2": (damaged(zipfile.ZIP_BZIP2), Reason.DATA_UNREADABLE, "it is damaged"),
    "an endless header": (raw("samples.npz", endless_header()), Reason.DATA_UNREADABLE, "values is damaged"),
    "a negative shape": (raw("samples.npz", promising("<f4", -5, 4)), Reason.DATA_UNREADABLE, "is damaged"),
    "values of no size": (raw("samples.npz", promising("|S0", 2**40)), Reason.DTYPE_MISMATCH, "|S0 values"),
    "a folder": (folder, Reason.DATA_UNREACHABLE, "is a folder: name one file"),
    "a pipe": (pipe, Reason.DATA_UNREACHABLE, "there is no file"),
    "no features": (npz(values=None), Reason.FIELD_MISSING, "no array values; it has labels"),
    "no labels": (npz(labels=None), Reason.FIELD_MISSING, "no array labels; it has values"),
    "Python objects": (npz(values=OBJECTS), Reason.DTYPE_MISMATCH, "Python objects"),
    "text": (npz(values=np.full((60, 4), "a")), Reason.DTYPE_MISMATCH, "<U1 values"),
    "labels that are no whole numbers": (npz(labels=np.zeros(60)), Reason.DTYPE_MISMATCH, "float64 values"),
    "another shape": (npz(values=np.zeros((60, 2, 2))), Reason.SHAPE_MISMATCH, "the shape [60, 2, 2]"),
    "fewer labels": (npz(labels=np.zeros(59, np.int32)), Reason.SHAPE_MISMATCH, "60 samples and 59 labels"),
    "labels in a table": (npz(labels=np.zeros((60, 3), int)), Reason.SHAPE_MISMATCH, "one number for each"),
    "nothing": (
        npz(values=np.zeros((0, 4)), labels=np.zeros(0, int)),
        Reason.TOO_FEW_SAMPLES,
        "holds no sample",
    ),
    "NaN": (changed(with_value(np.nan)), Reason.NOT_FINITE, "1 samples hold NaN, infinity"),
    "infinity": (changed(with_value(np.inf)), Reason.NOT_FINITE, "sample 7"),
    "too big for float32": (npz(values=np.full((60, 4), 1e300)), Reason.NOT_FINITE, "60 samples"),
    "a negative label": (changed(labelled(-1)), Reason.LABEL_OUT_OF_RANGE, "-1 of sample 9"),
    "a label beyond the classes": (changed(labelled(3)), Reason.LABEL_OUT_OF_RANGE, "3 of sample 9"),
    "a class without samples": (
        changed(lambda good: replace(good, labels=good.labels % 2)),
        Reason.CLASS_MISSING,
        "class 2",
    ),
    "duplicates that are refused": (
        changed(lambda good: good.take(np.arange(61) % 60), duplicates="Reject"),
        Reason.DUPLICATES_FOUND,
        "1 samples are equal",
    ),
    "a contradiction": (
        changed(lambda good: Samples(np.zeros_like(good.features), good.labels)),
        Reason.CONTRADICTION,
        "different label",
    ),
    "nothing left to train on": (changed(lambda good: good, **FEW), Reason.TOO_FEW_SAMPLES, "class 0 has 20"),
    "CSV without its label": (csv("a,b,c,d,e", "1,2,3,4,0"), Reason.FIELD_MISSING, "0 columns called labels"),
    "CSV with semicolons": (csv("a;b;c;d;labels", "1;2;3;4;0"), Reason.FIELD_MISSING, "separated by commas"),
    "CSV of nothing": (csv(), Reason.FIELD_MISSING, "0 columns called labels: it must have one"),
    "CSV of a header": (csv(HEADER), Reason.TOO_FEW_SAMPLES, "holds no sample"),
    "CSV with a huge negative class": (
        csv(HEADER, "1,2,3,4,-9999999999999999999"),
        Reason.LABEL_OUT_OF_RANGE,
        "such as -2147483648 of sample 0",
    ),
    "CSV with a huge field": (
        csv(HEADER, f"1,2,{'9' * 200_000},4,0"),
        Reason.DATA_UNREADABLE,
        "line 2 is no CSV",
    ),
    "CSV with other columns": (csv("a,b,labels", "1,2,0"), Reason.SHAPE_MISMATCH, "2 columns of features"),
    "CSV with a short line": (csv(HEADER, "1,2,3,4,0", "1,2,3,4"), Reason.SHAPE_MISMATCH, "line 3 has 4"),
    "CSV with a word": (csv(HEADER, "1,2,x,4,0"), Reason.DTYPE_MISMATCH, "line 2, column c: 'x'"),
    "CSV with an underscore": (csv(HEADER, "1,2,3,1_0,0"), Reason.DTYPE_MISMATCH, "column d: '1_0'"),
    "CSV with half a class": (csv(HEADER, "1,2,3,4,0.5"), Reason.DTYPE_MISMATCH, "column labels: '0.5'"),
    "CSV with an open quote": (csv(HEADER, '1,2,"3,4,0'), Reason.DATA_UNREADABLE, "line 2 is no CSV"),
    "CSV in another encoding": (raw("a.csv", b"\xff\xfe\x00"), Reason.DATA_UNREADABLE, "no text in UTF-8"),
    "a damaged TFRecord": (
        raw("a.tfrecord", framed(b"")[:-1] + b"!"),
        Reason.DATA_UNREADABLE,
        "record 0 of the TFRecord",
    ),
    "a record without its feature": (
        tfrecord({"values": VALUES, "labels": [0]}, {"labels": [1]}),
        Reason.FIELD_MISSING,
        "record 1 has no feature values",
    ),
    "a record of another shape": (
        tfrecord({"values": VALUES[:3], "labels": [0]}),
        Reason.SHAPE_MISMATCH,
        "3 values of values",
    ),
    "a record with half a class": (
        tfrecord({"values": VALUES, "labels": [0.5]}),
        Reason.DTYPE_MISMATCH,
        "no whole number",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_data_is_refused_with_its_reason_and_nothing_is_written(pods: Pods, case: str) -> None:
    write, reason, words = BROKEN[case]
    fields = write(pods)
    pods.claim("data")
    stage = pods.stage(parsed(data=with_data(**fields)))
    with pytest.raises(StageError) as refused:
        prepare(stage)
    assert (refused.value.reason, refused.value.exit_code) == (reason, 2), refused.value.message
    assert words in refused.value.message
    assert not [path for path in pods.claim("workspace").rglob("*") if path.is_file()]


SETTINGS = {
    "no spec": lambda whole: whole.pop("spec"),
    "a format that is none": lambda whole: whole["spec"]["data"].update(format="Parquet"),
    "epochs in words": lambda whole: whole["spec"].update(fit={"epochs": "many"}),
    "an optimiser that is none": lambda whole: whole["spec"].update(fit={"optimizer": "Magic"}),
    "a form that is none": lambda whole: whole["spec"].update(export={"forms": ["ONNX"]}),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_a_broken_run_document_is_refused_and_says_where(case: str) -> None:
    whole = document()
    SETTINGS[case](whole)
    with pytest.raises(RefusedError, match=r"the run document cannot be used: .+"):
        parse(json.dumps(whole).encode())


def test_links_in_a_claim_are_not_followed(pods: Pods, tmp_path: Path) -> None:
    outside = tmp_path / "outside.npz"
    outside.write_bytes(b"secret")
    (pods.claim("data") / "samples.npz").symlink_to(outside)
    with pytest.raises(StageError, match="leads through a link"):
        prepare(pods.stage(parsed()))
