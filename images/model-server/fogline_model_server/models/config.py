"""Which models are wanted: a ModelServerConfig as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fogline_model_server.errors import Code, ServingError, invalid_argument

PLATFORM = "tensorflow"
"""The one platform of TensorFlow Serving. It says nothing about the engine: the files of a version do."""
_MODEL_TYPE_TENSORFLOW = 1
"""Of the old field model_type."""


@dataclass(frozen=True, slots=True)
class Latest:
    """Serve the versions with the highest numbers."""

    count: int = 1


@dataclass(frozen=True, slots=True)
class All:
    """Serve every version on disk."""


@dataclass(frozen=True, slots=True)
class Specific:
    """Serve exactly these."""

    numbers: frozenset[int]


Policy = Latest | All | Specific


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One wanted model."""

    base_path: Path
    policy: Policy = Latest()
    labels: Mapping[str, int] = field(default_factory=dict)
    """Version numbers by label."""
    log_share: float = 0.0
    """How many of its requests are written to the log, from 0 to 1."""


Config = Mapping[str, ModelConfig]
"""Wanted models by their names on the wire."""


def from_message(message: Any) -> Config:
    """Read a ModelServerConfig message.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: something in it is not possible.

    """
    if message.WhichOneof("config") == "custom_model_config":
        raise invalid_argument(
            "ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported"
        )
    models: dict[str, ModelConfig] = {}
    for model in message.model_config_list.config:
        if not model.name:
            raise invalid_argument(f"A model of the config list has no name: {model.base_path}")
        if model.name in models:
            raise invalid_argument(f"Illegal to list model {model.name} multiple times in config list")
        _check_platform(model)
        models[model.name] = ModelConfig(
            _base_path(model), _policy(model), dict(model.version_labels), _log_share(model)
        )
    return models


def _check_platform(model: Any) -> None:
    if model.model_type and model.model_platform:
        raise invalid_argument("Illegal setting both model_type(deprecated) and model_platform.")
    if not model.model_type and not model.model_platform:
        raise invalid_argument(
            f"Illegal setting neither model_type(deprecated) nor model_platform. "
            f'Model {model.name} needs model_platform: "{PLATFORM}"'
        )
    if model.model_platform not in ("", PLATFORM) or model.model_type not in (0, _MODEL_TYPE_TENSORFLOW):
        raise invalid_argument(
            f"Model {model.name} requests unsupported platform {model.model_platform or 'other'}; "
            f'.tflite files are served with model_platform: "{PLATFORM}" too'
        )


def _base_path(model: Any) -> Path:
    text = model.base_path
    if "://" in text:
        raise invalid_argument(
            f"Model {model.name} has the base_path {text}, which is not a folder of this machine: "
            "fetch the model first and name the folder"
        )
    path = Path(text)
    if not path.is_absolute():
        raise invalid_argument(
            f"Expected model {model.name} to have an absolute path or URI; got base_path()={text}"
        )
    return path


def _policy(model: Any) -> Policy:
    policy = model.model_version_policy
    match policy.WhichOneof("policy_choice"):
        case "all":
            return All()
        case "specific":
            return Specific(frozenset(policy.specific.versions))
        case _:
            return Latest(max(1, policy.latest.num_versions))


def _log_share(model: Any) -> float:
    """Return the sampling rate: requests go to the log, without what was in them."""
    collector = model.logging_config.log_collector_config
    if collector.type or collector.filename_prefix:
        raise invalid_argument(
            f"Model {model.name} has a log_collector_config, and this server collects no requests: "
            "leave it out, sampling_config alone writes a line to the log for each request that is taken"
        )
    share: float = model.logging_config.sampling_config.sampling_rate
    if not 0 <= share <= 1:
        raise invalid_argument(
            f"Model {model.name} has the sampling_rate {share:g}, which is not from 0 to 1"
        )
    return share


def check_labels(new: Config, old: Config, available: Mapping[str, frozenset[int]], *, waiting: bool) -> None:
    """Refuse labels on versions that do not answer.

    Parameters
    ----------
    old
        What holds so far.
    available
        Numbers of the versions that answer, by model.
    waiting
        Whether a label that is new may wait for its version. One that would move may not: whoever uses it
        would lose a version that answers.

    Raises
    ------
    ServingError
        FAILED_PRECONDITION: a label is on a version that does not answer.

    """
    for name, model in new.items():
        known = old[name].labels if name in old else {}
        for label, number in model.labels.items():
            may_wait = waiting and known.get(label, number) == number
            if not may_wait and number not in available.get(name, frozenset()):
                raise ServingError(
                    Code.FAILED_PRECONDITION,
                    f"Request to assign label to version {number} of model {name}, "
                    "which is not currently available for inference",
                )
