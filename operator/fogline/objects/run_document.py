"""What a run of a training is to do, as its pods read it."""

import hashlib
import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from fogline.api import DenseNetwork, ModelTraining, ModelTrainingSpec, format_of
from fogline.api.fields import ApiObject
from fogline.names import RUN_AGAIN_ANNOTATION

MODULE_KEY = "model.py"
"""Of a ConfigMap with a module, where the user names no other."""
_KEY_CHARACTERS = 12


def key_of(training: ModelTraining) -> str:
    """Give a digest of what matters for the result of a training.

    Fields that have their defaults do not count, so that a field more in a later version begins no run.
    """
    spec = training.spec
    matters = msgspec.structs.replace(
        spec,
        suspend=False,
        history_limit=5,
        ttl_seconds_after_finished=None,
        workers=msgspec.structs.replace(spec.workers, resources=None),
    )
    again = training.metadata.annotations.get(RUN_AGAIN_ANNOTATION, "")
    text = json.dumps([_sparse(matters), again], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_CHARACTERS]


def run_document(training: ModelTraining, run: int) -> dict[str, Any]:
    """Write down one run, with all defaults filled in."""
    meta = training.metadata
    return {
        "training": meta.name,
        "namespace": meta.namespace,
        "uid": meta.uid,
        "run": run,
        "key": key_of(training),
        "spec": _filled(_decided(training.spec)),
    }


def module_key(spec: ModelTrainingSpec) -> str:
    """Give the key under which the ConfigMap of a network has its module."""
    return (spec.model.module and spec.model.module.key) or MODULE_KEY


def _decided(spec: ModelTrainingSpec) -> ModelTrainingSpec:
    """Say what an absent field stands for where that depends on others."""
    model = spec.model
    if model.module is not None and model.module.config_map_name is not None:
        model = msgspec.structs.replace(
            model, module=msgspec.structs.replace(model.module, key=module_key(spec))
        )
    elif model.module is None and model.keras is None and model.dense is None:
        model = msgspec.structs.replace(model, dense=DenseNetwork())
    return msgspec.structs.replace(
        spec, model=model, data=msgspec.structs.replace(spec.data, format=format_of(spec.data))
    )


def _sparse(value: Any) -> Any:
    """Make a document without what has its default, whether that was written out or not."""
    if not isinstance(value, ApiObject):
        return msgspec.to_builtins(value)
    given = ((field, getattr(value, field.name)) for field in msgspec.structs.fields(value))
    return {field.encode_name: _sparse(inner) for field, inner in given if inner != _default(field)}


def _default(field: msgspec.structs.FieldInfo) -> Any:
    factory = field.default_factory
    return field.default if factory is msgspec.NODEFAULT else factory()


def _filled(value: Any) -> Any:
    """Make a document in which defaults are written out; what is absent without one stays absent."""
    match value:
        case ApiObject():
            names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
            found = {wire: getattr(value, name) for name, wire in names}
            return {wire: _filled(inner) for wire, inner in found.items() if inner is not None}
        case Mapping():
            return {key: _filled(inner) for key, inner in value.items()}
        case tuple() | list():
            return [_filled(item) for item in value]
        case Enum():
            return value.value
        case _:
            return value
