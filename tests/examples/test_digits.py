"""The digits example: a good network, two forms that agree, and a gate that lets nothing else through.

TensorFlow is imported by what needs it: every worker of a test run collects this file.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples.digits.data import Digits

# TensorFlow 2.21 does not know the keyword that NumPy 2 passes.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Splits = tuple[Digits, Digits]


@pytest.fixture(scope="module")
def network(exported: Path) -> Any:
    import keras  # type: ignore[import-untyped]  # it ships no types
    from examples.digits.train import MODEL_FILE

    return keras.models.load_model(exported / MODEL_FILE)


def test_the_images_are_split_into_1347_and_450(splits: Splits) -> None:
    assert [split.pixels.shape for split in splits] == [(1347, 64), (450, 64)]
    assert all(split.pixels.min() >= 0 and split.pixels.max() <= 1 for split in splits)


def test_the_network_names_at_least_95_percent_of_unseen_digits(network: Any, splits: Splits) -> None:
    from examples.digits.train import accuracy

    assert accuracy(network, splits[1]) >= 0.95


def test_the_same_seed_gives_the_same_network(splits: Splits) -> None:
    from examples.digits.train import train

    first, second = (train(splits[0], seed=3, epochs=1).get_weights() for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_both_forms_name_the_digit_that_the_network_names(
    network: Any, exported: Path, splits: Splits
) -> None:
    from examples.digits.forms import (
        SAVED_MODEL_FOLDER,
        TFLITE_FILE,
        scores_of_saved_model,
        scores_of_tflite,
    )

    pixels = splits[1].pixels
    expected = network.predict(pixels, verbose=0)
    for scores in (
        scores_of_saved_model(exported / SAVED_MODEL_FOLDER, pixels),
        scores_of_tflite(exported / TFLITE_FILE, pixels),
    ):
        assert np.array_equal(scores.argmax(axis=1), expected.argmax(axis=1))
        assert np.abs(scores - expected).max() <= 1e-5


def write_tflite_of_another_network(_saved_model: Path, file: Path) -> None:
    from examples.digits.export import write_saved_model, write_tflite
    from examples.digits.train import untrained

    other = file.parent / "other"
    write_saved_model(untrained(seed=8), other)
    write_tflite(other, file)


def test_an_edge_form_of_another_network_is_not_exported(
    network: Any, exported: Path, splits: Splits, tmp_path: Path
) -> None:
    from examples.digits.export import export
    from examples.digits.forms import TFLITE_FILE
    from examples.digits.parity import ParityError

    out = tmp_path / "digits"
    shutil.copytree(exported, out)
    before = (out / TFLITE_FILE).read_bytes()
    with pytest.raises(ParityError, match=r"the \.tflite form names another digit"):
        export(network, splits[1].pixels, out, convert=write_tflite_of_another_network)
    assert (out / TFLITE_FILE).read_bytes() == before


def test_a_network_that_differs_in_its_probabilities_alone_is_not_exported(
    network: Any, splits: Splits, tmp_path: Path
) -> None:
    import tensorflow as tf  # type: ignore[import-untyped]  # it ships no types
    from examples.digits.export import export
    from examples.digits.parity import ParityError

    def write_quantised(saved_model: Path, file: Path) -> None:
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        file.parent.mkdir(parents=True)
        file.write_bytes(converter.convert())

    with pytest.raises(ParityError, match="a probability differs"):
        export(network, splits[1].pixels, tmp_path, convert=write_quantised)


def test_the_check_of_a_folder_ends_with_1_when_a_form_was_swapped(exported: Path, tmp_path: Path) -> None:
    from examples.digits.forms import SAVED_MODEL_FOLDER, TFLITE_FILE

    out = tmp_path / "digits"
    shutil.copytree(exported, out)
    assert check(out).returncode == 0
    write_tflite_of_another_network(out / SAVED_MODEL_FOLDER, out / TFLITE_FILE)
    refused = check(out)
    assert refused.returncode == 1
    assert "the .tflite form names another digit" in refused.stderr


def check(out: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "examples.digits.parity", "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
