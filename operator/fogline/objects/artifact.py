"""What the URI of an artifact says: how it comes into a pod, and where it lies there."""

import re

from fogline.api import Artifact, ModelDeployment

MODELS_FOLDER = "/models"

FETCHED_SCHEMES = ("s3", "gs", "https")
"""The model fetcher copies the files. With the other schemes the kubelet mounts them."""

_TFLITE_SUFFIX = ".tflite"
_TFLITE_SERVED_NAME = "model.tflite"
"""The file that a model server looks for in a version folder without a SavedModel."""

_VERSION = re.compile(r"[0-9]{1,18}")


def scheme(artifact: Artifact) -> str:
    """Scheme of the URI, such as ``s3``."""
    return artifact.uri.partition("://")[0]


def location(artifact: Artifact) -> str:
    """Give the URI without its scheme: of ``oci://`` the image, of ``pvc://`` the claim and the path."""
    return artifact.uri.partition("://")[2]


def version(artifact: Artifact) -> int:
    """Give the version that is served: the last part of the URI, of an image its tag, if it is a number.

    Else it is 1.
    """
    last = artifact.uri.rstrip("/").rpartition("/")[2]
    if scheme(artifact) == "oci":
        name, _, tag = last.partition("@")[0].partition(":")
        last = tag or name
    return int(last) if _VERSION.fullmatch(last) else 1


def base_path(model: ModelDeployment) -> str:
    """Folder that holds one numbered folder for each version."""
    return f"{MODELS_FOLDER}/{model.model_name}"


def mounted_path(model: ModelDeployment, artifact: Artifact) -> str:
    """Tell where a server looks for files that the kubelet mounts: a version folder, or its only file."""
    folder = f"{base_path(model)}/{version(artifact)}"
    is_file = scheme(artifact) == "pvc" and artifact.uri.endswith(_TFLITE_SUFFIX)
    return f"{folder}/{_TFLITE_SERVED_NAME}" if is_file else folder
