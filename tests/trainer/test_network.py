"""Networks of users: what does not fit the data, or cannot be loaded, is refused with what to do."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.trainer import CLASSES, SHAPE, Pods, parsed

from fogline_trainer.errors import Reason, RefusedError

# TensorFlow 2.21 does not know the keyword that NumPy 2 passes.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

GOOD = f"""
import keras
def build_model():
    return keras.Sequential([keras.Input({SHAPE}), keras.layers.Dense({CLASSES}, activation="softmax")])
"""


def built(pods: Pods, **model: Any) -> Any:
    from fogline_trainer.network import build, builder

    run = parsed(model=model)
    return build(builder(pods.stage(run)), run.spec)


def built_from(pods: Pods, source: str) -> Any:
    folder = pods.folder / "model"
    folder.mkdir()
    (folder / "model.py").write_text(source)
    return built(pods, module={"configMapName": "model", "key": "model.py"})


def test_a_module_gives_the_network(pods: Pods) -> None:
    assert built_from(pods, GOOD).count_params() == 4 * CLASSES + CLASSES


def test_the_seed_gives_the_first_weights(pods: Pods) -> None:
    one, other = (built(pods, dense={"units": [3]}).get_weights() for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


BROKEN = {
    "a syntax error": ("def build_model(:", Reason.MODULE_FAILED, "cannot be imported: SyntaxError"),
    "an exit": ("raise SystemExit(0)", Reason.MODULE_FAILED, "cannot be imported: SystemExit: 0"),
    "an exit of the function": (
        "def build_model():\n    raise SystemExit",
        Reason.MODULE_FAILED,
        "build_model() failed: SystemExit",
    ),
    "no function": ("a = 1", Reason.MODULE_FAILED, "has no attribute 'build_model'"),
    "an error": (
        "def build_model():\n    raise ValueError('no layers')",
        Reason.MODULE_FAILED,
        "build_model() failed: ValueError: no layers",
    ),
    "something else": ("def build_model():\n    return 7", Reason.MODULE_FAILED, "not a int"),
    "another input": (
        GOOD.replace(str(SHAPE), "[5]"),
        Reason.MODEL_MISMATCH,
        "one input of the shape (None, 4)",
    ),
    "another output": (
        GOOD.replace(f"Dense({CLASSES}", "Dense(9"),
        Reason.MODEL_MISMATCH,
        "one output of the shape (None, 3)",
    ),
    "no probabilities": (GOOD.replace("softmax", "relu"), Reason.MODEL_MISMATCH, "end it with softmax"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_module_that_cannot_be_used_says_why(pods: Pods, case: str) -> None:
    source, reason, words = BROKEN[case]
    with pytest.raises(RefusedError) as refused:
        built_from(pods, source)
    assert refused.value.reason is reason
    assert words in refused.value.message


def keras_file(pods: Pods, *layers: Any) -> Path:
    import keras  # type: ignore[import-untyped]  # it ships no types

    file = pods.claim("model") / "model.keras"
    keras.Sequential([keras.Input(SHAPE), *layers]).save(file)
    return file


def test_a_keras_file_gives_the_network(pods: Pods) -> None:
    import keras

    keras_file(pods, keras.layers.Dense(CLASSES, activation="softmax"))
    assert built(pods, keras={"uri": "pvc://networks/model.keras"}).count_params() == 15


def test_code_in_a_keras_file_is_not_run(pods: Pods) -> None:
    import keras

    keras_file(pods, keras.layers.Lambda(lambda values: values), keras.layers.Dense(CLASSES))
    with pytest.raises(RefusedError, match="safe mode") as refused:
        built(pods, keras={"uri": "pvc://networks/model.keras"})
    assert refused.value.reason is Reason.MODEL_UNREADABLE


def test_a_file_that_is_no_network_is_refused(pods: Pods) -> None:
    (pods.claim("model") / "model.keras").write_bytes(b"no network")
    with pytest.raises(RefusedError) as refused:
        built(pods, keras={"uri": "pvc://networks/model.keras"})
    assert refused.value.reason is Reason.MODEL_UNREADABLE
