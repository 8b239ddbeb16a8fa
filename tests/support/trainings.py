"""ModelTrainings for tests, as an API server would have them."""

from typing import Any

import msgspec
from tests.support.crd_cases import full_manifest
from tests.support.live import NOW

from fogline.api import ModelTraining, ModelTrainingStatus, parse_model_training


def make_training(
    name: str = "digits",
    *,
    uid: str = "uid-of-training",
    status: ModelTrainingStatus | None = None,
    **spec: Any,
) -> ModelTraining:
    """Make a stored ModelTraining: the full one, with fields of the spec replaced; None leaves one out."""
    document = full_manifest("ModelTraining")
    document["metadata"]["name"] = name
    document["spec"] = {
        key: value for key, value in {**document["spec"], **spec}.items() if value is not None
    }
    found = parse_model_training(document, strict=True)
    meta = msgspec.structs.replace(
        found.metadata,
        namespace="default",
        uid=uid,
        generation=1,
        creation_timestamp=NOW,
        resource_version="7",
    )
    return msgspec.structs.replace(found, metadata=meta, status=status)
