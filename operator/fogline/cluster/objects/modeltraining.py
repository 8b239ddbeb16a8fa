"""ModelTrainings, as they come from the API server."""

from typing import Any

from fogline.cluster.objects.metadata import ObjectMeta, Slim


class ModelTraining(Slim, frozen=True):
    """A training.

    Spec and status are documents still: one that an older or newer schema let through must not stop a watch.
    """

    metadata: ObjectMeta
    spec: Any = None
    status: Any = None
