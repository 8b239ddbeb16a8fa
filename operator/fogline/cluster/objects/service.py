"""Services."""

import msgspec

from fogline.cluster.objects.metadata import ObjectMeta, Slim


class ServiceSpec(Slim, frozen=True):
    """Where a Service answers."""

    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    """``None`` as text for a headless Service."""


class Service(Slim, frozen=True):
    """The address of a model."""

    metadata: ObjectMeta
    spec: ServiceSpec = ServiceSpec()
