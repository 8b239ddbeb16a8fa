"""The text of a model config file, as TensorFlow Serving takes it."""

from pathlib import Path

import pytest

from fogline_model_server.errors import Code, ConfigError, ServingError
from fogline_model_server.models.config import All, Config, Latest, ModelConfig, Specific, check_labels
from fogline_model_server.models.config_file import read


def parsed(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "models.config"
    file.write_text(text)
    return read(file)


MODEL_A = 'config { name: "a" base_path: "/m/a" model_platform: "tensorflow"'


def one(fields: str) -> str:
    return f"model_config_list {{ {MODEL_A} {fields} }} }}"


def test_several_models_with_their_policies_and_labels(tmp_path: Path) -> None:
    text = """
    model_config_list: {
      config: {
        name: "a", base_path: "/m/a", model_platform: "tensorflow"
        version_labels { key: "stable" value: 42 }
        version_labels { key: "canary" value: 43 }
        model_version_policy { specific { versions: 42 versions: 43 } }
      },
      config: { name: "b", base_path: "/m/b", model_type: TENSORFLOW, model_version_policy { all {} } },
      config: {
        name: "c" base_path: "/m/c" model_platform: 'tensorflow'
        model_version_policy { latest { num_versions: 2 } }
      }
      config: { name: "d" base_path: "/m/d" model_platform: "tensorflow" }
    }
    """
    assert parsed(tmp_path, text) == {
        "a": ModelConfig(Path("/m/a"), Specific(frozenset({42, 43})), {"stable": 42, "canary": 43}),
        "b": ModelConfig(Path("/m/b"), All()),
        "c": ModelConfig(Path("/m/c"), Latest(2)),
        "d": ModelConfig(Path("/m/d"), Latest(1)),
    }


def test_no_versions_of_the_latest_mean_one(tmp_path: Path) -> None:
    config = parsed(tmp_path, one("model_version_policy { latest { num_versions: 0 } }"))
    assert config["a"].policy == Latest(1)


def test_an_empty_file_wants_nothing(tmp_path: Path) -> None:
    assert parsed(tmp_path, "") == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("model_config_list {", "Error parsing text-format tensorflow.serving.ModelServerConfig"),
        ("models {}", 'has no field named "models"'),
        (one("colour: 3"), 'has no field named "colour"'),
        (one("} " + MODEL_A), "Illegal to list model a multiple times in config list"),
        ("custom_model_config {}", "Only ModelConfigList is currently supported"),
        ('model_config_list { config { base_path: "/m" } }', "has no name"),
        ('model_config_list { config { name: "a" base_path: "/m" } }', 'needs model_platform: "tensorflow"'),
        (one("model_type: TENSORFLOW"), "Illegal setting both model_type(deprecated) and model_platform."),
        (
            'model_config_list { config { name: "a" base_path: "/m" model_type: OTHER } }',
            "Model a requests unsupported platform other",
        ),
        (
            'model_config_list { config { name: "a" base_path: "/m" model_platform: "litert" } }',
            "Model a requests unsupported platform litert",
        ),
        (
            'model_config_list { config { name: "a" base_path: "m/a" model_platform: "tensorflow" } }',
            "Expected model a to have an absolute path or URI; got base_path()=m/a",
        ),
        (
            'model_config_list { config { name: "a" base_path: "gs://b/a" model_platform: "tensorflow" } }',
            "fetch the model first",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parsed(tmp_path, text)
    assert reason in str(refused.value)
    assert "models.config" in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Cannot read .*missing"):
        read(tmp_path / "missing")


def labelled(**labels: int) -> Config:
    return {"m": ModelConfig(Path("/m"), labels=labels)}


@pytest.mark.parametrize(
    ("new", "old", "waiting", "allowed"),
    [
        (labelled(stable=1), {}, False, True),
        (labelled(stable=2), {}, False, False),
        (labelled(stable=2), {}, True, True),
        (labelled(stable=2), labelled(stable=1), True, False),
        (labelled(stable=2), labelled(stable=2), True, True),
        (labelled(stable=2), labelled(stable=2), False, False),
        (labelled(stable=1), labelled(stable=2), False, True),
        (labelled(), labelled(stable=1), False, True),
    ],
)
def test_labels_are_for_versions_that_answer(new: Config, old: Config, waiting: bool, allowed: bool) -> None:  # noqa: FBT001
    available = {"m": frozenset({1})}
    if allowed:
        check_labels(new, old, available, waiting=waiting)
        return
    with pytest.raises(ServingError) as refused:
        check_labels(new, old, available, waiting=waiting)
    assert refused.value.code is Code.FAILED_PRECONDITION
    assert refused.value.message == (
        "Request to assign label to version 2 of model m, which is not currently available for inference"
    )
