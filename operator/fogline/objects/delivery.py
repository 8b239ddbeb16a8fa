"""How the files of a model come into its pods.

Files of a store are copied into a volume of the pod by the model fetcher. A claim or an image is mounted by
the kubelet, read-only; the fetcher then only looks whether the artifact is there and is the one it should be.
"""

from dataclasses import dataclass

from fogline.api import Artifact, ModelDeployment, Tier, Variant
from fogline.config import FETCHER_REQUESTS, Settings
from fogline.objects import artifact
from fogline.objects.metadata import Document
from fogline.objects.security import restricted

CREDENTIALS_FOLDER = "/var/run/fogline/credentials"
MOUNTED_FOLDER = "/mnt/artifact"
"""Where the fetcher finds what the kubelet mounted, as a whole."""
GIBIBYTE = 1024**3


@dataclass(frozen=True, slots=True)
class Delivery:
    """The parts of a pod that bring the artifact."""

    init_container: Document
    server_mount: Document
    """Where the server finds the files."""
    volumes: list[Document]
    pull_secret: str | None
    """Secret with which the kubelet pulls the image that is the artifact."""


def delivery(model: ModelDeployment, variant: Variant, settings: Settings) -> Delivery:
    """Say how the artifact of a variant is delivered.

    Raises
    ------
    ValueError
        The variant has no artifact yet.
    """
    source = variant.artifact
    if source is None:
        raise ValueError(f"variant {variant.name} has no artifact to deliver")
    if artifact.scheme(source) in artifact.FETCHED_SCHEMES:
        return _copied(model, variant.tier, source, settings)
    return _mounted(model, source, settings)


def _copied(model: ModelDeployment, tier: Tier, source: Artifact, settings: Settings) -> Delivery:
    arguments = [
        f"--destination={artifact.base_path(model)}",
        f"--version={artifact.version(source)}",
        *_limits(model, tier, settings),
    ]
    mounts: list[Document] = [{"name": "models", "mountPath": artifact.MODELS_FOLDER}]
    volumes: list[Document] = [{"name": "models", "emptyDir": {}}]
    if source.secret_name:
        arguments.append(f"--credentials={CREDENTIALS_FOLDER}")
        mounts.append({"name": "credentials", "mountPath": CREDENTIALS_FOLDER, "readOnly": True})
        # Optional, so that it is the fetcher who says, where users look, that there is no such Secret.
        volumes.append(
            {"name": "credentials", "secret": {"secretName": source.secret_name, "optional": True}}
        )
    return Delivery(
        init_container=_fetcher(source, arguments, mounts, settings),
        server_mount={"name": "models", "mountPath": artifact.MODELS_FOLDER, "readOnly": True},
        volumes=volumes,
        pull_secret=None,
    )


def _limits(model: ModelDeployment, tier: Tier, settings: Settings) -> list[str]:
    limits = [f"--max-bytes={settings.artifact_gibibytes * GIBIBYTE}"]
    megabits = model.spec.rollout.edge.megabits_per_second or settings.edge_fetch_megabits
    if tier is Tier.EDGE and megabits:
        limits.append(f"--megabits-per-second={megabits}")
    return limits


def _mounted(model: ModelDeployment, source: Artifact, settings: Settings) -> Delivery:
    mount = {
        "name": "artifact",
        "mountPath": artifact.mounted_path(model, source),
        "readOnly": True,
    }
    whole = {"name": "artifact", "mountPath": MOUNTED_FOLDER, "readOnly": True}
    location = artifact.location(source)
    volume: Document
    if artifact.scheme(source) == "oci":
        volume = {"image": {"reference": location, "pullPolicy": "IfNotPresent"}}
    else:
        claim, _, path = location.partition("/")
        volume = {"persistentVolumeClaim": {"claimName": claim, "readOnly": True}}
        mount |= {"subPath": path.strip("/")} if path.strip("/") else {}
    return Delivery(
        init_container=_fetcher(source, [f"--mounted={MOUNTED_FOLDER}"], [whole], settings),
        server_mount=mount,
        volumes=[{"name": "artifact", **volume}],
        pull_secret=source.secret_name,
    )


def _fetcher(source: Artifact, arguments: list[str], mounts: list[Document], settings: Settings) -> Document:
    digest = [f"--sha256={source.sha256}"] if source.sha256 else []
    return {
        "name": "fetch",
        "image": settings.fetcher_image,
        "imagePullPolicy": "IfNotPresent",
        "args": [f"--uri={source.uri}", *arguments, *digest],
        "resources": {
            "requests": dict(FETCHER_REQUESTS),
            "limits": {"memory": "256Mi"},
        },
        "securityContext": restricted(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }
