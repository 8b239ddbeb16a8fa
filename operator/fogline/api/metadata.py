"""The metadata of an object, as far as Fogline reads it."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from fogline.api.fields import ApiObject, ModelDeploymentName, ObjectName


class ObjectMeta(ApiObject, frozen=True, kw_only=True):
    """The part of an object's metadata that Fogline reads."""

    name: ObjectName
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    annotations: Mapping[str, str] = msgspec.field(default_factory=dict)
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None


class ModelDeploymentMeta(ObjectMeta, frozen=True, kw_only=True):
    """Metadata of a ModelDeployment, whose name must also do for other objects."""

    name: ModelDeploymentName
