"""NodeProfiles, as they come from the API server."""

from typing import Any

from fogline.cluster.objects.metadata import ObjectMeta, Slim


class NodeProfile(Slim, frozen=True):
    """Facts about nodes.

    Spec and status are documents still: one that an older or newer schema let through must not stop a watch.
    """

    metadata: ObjectMeta
    spec: Any = None
    status: Any = None
